//! Frames as clients write them, well and badly.

use proptest::prelude::*;

use super::*;
use crate::client::transport::framing::{self, Part};

/// A masked frame.
fn frame(first: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0xff);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

/// What comes out of these pieces, and how many bytes are held at the end.
fn read(pieces: &[&[u8]], limit: usize) -> (Vec<String>, usize) {
    static POOL: Pool = Pool::new(usize::MAX);
    let mut decoder = Decoder::new(Vec::new(), limit, Room::new(&POOL));
    let mut all = Vec::new();
    for piece in pieces {
        decoder.make_room();
        decoder.buffer.extend_from_slice(piece);
        while let Some(found) = decoder.find() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            all.push(match decoder.show(found) {
                Message::Text(payload) => text(payload),
                Message::Ping(payload) => format!("ping {}", text(payload)),
                other => format!("{other:?}"),
            });
            if matches!(found, Found::Left(_)) {
                return (all, 0);
            }
        }
    }
    decoder.make_room();
    (all, decoder.buffer.capacity() + decoder.payload.capacity())
}

const MASK: [u8; 4] = [1, 2, 3, 250];

#[test]
fn fragments_with_a_ping_between_them_are_one_message() {
    let stream = [
        frame(0x01, b"{\"a\"", MASK),
        frame(0x89, b"hi", MASK),
        frame(0x00, b":", [0; 4]),
        frame(0x80, b"1}", MASK),
        frame(0x81, b" \n", MASK),
        frame(0x8a, b"pong", MASK),
        frame(0x81, b"next", MASK),
        frame(0x88, &[3, 0xe9, b'b', b'y', b'e'], MASK),
    ]
    .concat();
    let expected = ["ping hi", "{\"a\":1}", "next", "End(Left(Some(1001)))"];
    assert_eq!(read(&[&stream], 100).0, expected);
}

#[test]
fn what_is_too_long_is_skipped_and_the_next_message_is_read() {
    let stream = [
        frame(0x01, b"12345", MASK),
        frame(0x80, b"678", MASK),
        frame(0x82, b"binary", MASK),
        frame(0x81, b"ok", MASK),
    ]
    .concat();
    assert_eq!(read(&[&stream], 7).0, ["TooLong", "Binary", "ok"]);
}

#[test]
fn large_messages_that_are_never_finished_leave_room_for_small_ones_and_give_theirs_back() {
    static POOL: Pool = Pool::new(3 << 20);
    let decoder = || Decoder::new(Vec::new(), 4 << 20, Room::new(&POOL));
    let take = |decoder: &mut Decoder, bytes: &[u8]| {
        decoder.buffer.extend_from_slice(bytes);
        let found = decoder.find();
        decoder.make_room();
        found
    };
    let begun = frame(0x01, &vec![b'x'; 2 << 20], MASK);
    let (mut one, mut other) = (decoder(), decoder());
    assert_eq!(take(&mut one, &begun), None);
    // What was declared and has not come takes nothing.
    assert_eq!(take(&mut other, &begun[..1 << 20]), None);
    assert_eq!(take(&mut other, &begun[1 << 20..]), None);
    assert_eq!(other.payload.capacity(), 0);
    assert_eq!(
        take(&mut other, &frame(0x80, b"the rest", MASK)),
        Some(Found::Message(Kind::NoRoom))
    );
    let small = frame(0x81, b"small", MASK);
    assert_eq!(take(&mut other, &small), Some(Found::Message(Kind::Text)));
    drop(one);
    let whole = frame(0x81, &vec![b'x'; 3 << 20], MASK);
    for _ in 0..2 {
        assert_eq!(take(&mut other, &whole), Some(Found::Message(Kind::Text)));
        assert_eq!(other.payload.len(), 3 << 20);
    }
}

#[test]
fn violations_end_the_connection() {
    let too_long_ping = frame(0x89, &[b'x'; 126], MASK);
    for stream in [
        &b"\x81\x02hi"[..],
        &frame(0xc1, b"reserved bit", MASK),
        &frame(0x83, b"opcode", MASK),
        &frame(0x8b, b"control opcode", MASK),
        &frame(0x80, b"nothing to continue", MASK),
        &[frame(0x01, b"a", MASK), frame(0x81, b"b", MASK)].concat(),
        &frame(0x09, b"fragmented ping", MASK),
        &too_long_ping,
        &frame(0x88, b"x", MASK),
        &frame(0x88, &[3, 0xee], MASK),
        &frame(0x88, &[3, 0xe8, 0xff], MASK),
    ] {
        let (read, _) = read(&[stream], 100);
        assert_eq!(read.last().unwrap(), "End(Violated)", "{stream:?}");
    }
    assert_eq!(read(&[&frame(0x88, b"", MASK)], 9).0, ["End(Left(None))"]);
}

#[test]
fn little_is_held_after_a_large_message() {
    let large = frame(0x81, &vec![b'x'; 3 << 20], MASK);
    let pieces: Vec<_> = large.chunks(LARGE_CHUNK).collect();
    let mut with_end = pieces.clone();
    let small = frame(0x81, b"small", MASK);
    with_end.push(&small);
    let (read, held) = read(&with_end, 4 << 20);
    assert_eq!((read[0].len(), &*read[1]), (3 << 20, "small"));
    assert!(held <= 2 * KEEP, "{held} bytes");
}

#[test]
fn a_length_that_nobody_sends_costs_nothing() {
    let head = [
        0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
    ];
    let (read, held) = read(&[&head, &[b'x'; 1000]], 100);
    assert!(read.is_empty());
    assert!(held <= LARGE_CHUNK + KEEP, "{held} bytes");
}

#[test]
fn our_own_frames_are_as_the_standard_wants_them() {
    let mut out = Vec::new();
    framing::text(&mut out, 5, Part::Whole);
    framing::text(&mut out, 126, Part::First);
    framing::text(&mut out, 70_000, Part::Middle);
    framing::text(&mut out, 0, Part::Last);
    framing::close(&mut out, 1001);
    framing::pong(&mut out, b"hi");
    let expected = [
        &[0x81, 5][..],
        &[0x01, 126, 0, 126],
        &[0x00, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70],
        &[0x80, 0],
        &[0x88, 2, 3, 0xe9],
        &[0x8a, 2, b'h', b'i'],
    ];
    assert_eq!(out, expected.concat());
}

fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|at| at % (stream.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(stream.len());
    let mut from = 0;
    cuts.into_iter()
        .map(|to| &stream[std::mem::replace(&mut from, to)..to])
        .collect()
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_messages(
        messages in prop::collection::vec(("[a-z]{0,200}", any::<[u8; 4]>(), 1usize..4), 0..6),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for (text, mask, parts) in &messages {
            let chunk = text.len().div_ceil(*parts).max(1);
            let chunks: Vec<_> = text.as_bytes().chunks(chunk).collect();
            for (at, chunk) in chunks.iter().enumerate() {
                let first = u8::from(at == 0);
                let last = if at + 1 == chunks.len() { 0x80 } else { 0x00 };
                stream.extend(frame(first | last, chunk, *mask));
            }
            if !text.is_empty() {
                expected.push(text.clone());
            }
        }
        prop_assert_eq!(read(&cut(&stream, &cuts), 1000).0, expected);
    }

    #[test]
    fn nothing_that_comes_in_is_too_much(
        stream in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec(any::<usize>(), 0..10),
    ) {
        let whole = read(&[&stream], 64).0;
        prop_assert_eq!(read(&cut(&stream, &cuts), 64).0, whole);
    }

    #[test]
    fn damaged_frames_end_in_order(
        text in "[a-z]{0,100}", at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let mut stream = [frame(0x81, text.as_bytes(), MASK), frame(0x89, b"p", MASK)].concat();
        let at = at.index(stream.len());
        stream[at] ^= 1 << bit;
        read(&[&stream], 50);
    }
}
