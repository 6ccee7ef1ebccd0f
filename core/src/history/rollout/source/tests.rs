//! Histories in memory and in files, read from either end.

use proptest::prelude::*;

use super::*;

fn source(bytes: Vec<u8>) -> Source {
    Source {
        end: bytes.len() as u64,
        content: Content::Memory(Arc::new(bytes)),
        path: Arc::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn both_directions_see_the_same_lines(
        lines in proptest::collection::vec((0usize..40_000, any::<bool>()), 0..20),
        torn in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (n, (len, small)) in lines.iter().enumerate() {
            let len = if *small { len % 50 } else { *len };
            bytes.extend(std::iter::repeat_n(b"abcdefghijklmnopqrstuvwxyz"[n % 26], len));
            bytes.push(b'\n');
        }
        if torn {
            bytes.extend(b"torn");
        }
        let source = source(bytes.clone());
        let mut seen = Vec::new();
        let mut forward = source.forward(0);
        while let Some((offset, line)) = forward.next().expect("memory") {
            seen.push((offset, line.to_vec()));
        }
        let mut text = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        if text.last().is_some_and(Vec::is_empty) {
            text.pop();
        }
        prop_assert_eq!(seen.iter().map(|(_, l)| l.clone()).collect::<Vec<_>>(), text);
        let mut back = Vec::new();
        let mut backward = source.backward(source.len());
        while let Some((offset, line)) = backward.next().expect("memory") {
            back.push((offset, line.to_vec()));
        }
        back.reverse();
        prop_assert_eq!(back, seen);
    }
}

#[test]
fn ordinals_are_found() {
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    for n in 0..2000u64 {
        offsets.push(bytes.len() as u64);
        let filler = "x".repeat(usize::try_from(n * 37 % 900).expect("small"));
        bytes.extend(
            format!(
                "{{\"timestamp\":\"T\",\"ordinal\":{},\"type\":\"y\",\"payload\":\"{filler}\"}}\n",
                n * 2
            )
            .bytes(),
        );
        if n % 7 == 0 {
            bytes.extend(b"garbage\n");
        }
    }
    let source = source(bytes);
    for (n, offset) in offsets.iter().enumerate() {
        let ordinal = n as u64 * 2;
        assert_eq!(source.find_ordinal(ordinal).expect("memory"), Some(*offset));
        assert_eq!(source.find_ordinal(ordinal + 1).expect("memory"), None);
    }
}
