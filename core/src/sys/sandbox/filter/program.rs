//! From rules to a program of classic BPF, written here because the crate seccompiler knows no user notification, which the
//! supervisor lives by.
//!
//! The kernel runs the program once for every call that there is when it is installed, and for most calls of the command
//! after that: so a call's rules are found by binary search.

use std::collections::BTreeMap;
use std::io;

use nix::libc;

use super::super::syscalls::Instruction;

// Instructions, and where the filter finds what it looks at (struct seccomp_data).
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const CALL: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

const KILL: u32 = 0x8000_0000;
const ALLOW: u32 = 0x7fff_0000;

#[cfg(target_arch = "x86_64")]
const OUR_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const OUR_ARCHITECTURE: u32 = 0xc000_00b7;

/// Calls that are compared one after the other when the search has come down to them.
const NEIGHBOURS: usize = 4;

/// A condition on the lower half of an argument: what the kernel looks at, too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    pub(super) argument: u32,
    pub(super) mask: u32,
    pub(super) value: u32,
    /// The condition is met if the masked argument is the value, or if it is not.
    pub(super) equal: bool,
}

/// The argument is this value.
pub(super) const fn is(argument: u32, value: u32) -> Test {
    Test {
        argument,
        mask: u32::MAX,
        value,
        equal: true,
    }
}

/// The argument is another value.
pub(super) const fn is_not(argument: u32, value: u32) -> Test {
    Test {
        equal: false,
        ..is(argument, value)
    }
}

/// The argument has one of these bits.
pub(super) const fn has(argument: u32, bits: u32) -> Test {
    Test {
        argument,
        mask: bits,
        value: 0,
        equal: false,
    }
}

/// What happens to a call whose arguments meet all tests.
#[derive(Debug)]
struct Rule {
    tests: Vec<Test>,
    action: u32,
}

/// The rules of a filter, by call. The first one that fits decides; what none fits is allowed.
#[derive(Debug, Default)]
pub(super) struct Rules(BTreeMap<u32, Vec<Rule>>);

impl Rules {
    /// Adds a rule after those that there are for the call.
    pub(super) fn add(&mut self, call: libc::c_long, tests: &[Test], action: u32) {
        let Ok(call) = u32::try_from(call) else { return };
        self.0.entry(call).or_default().push(Rule {
            tests: tests.to_vec(),
            action,
        });
    }

    /// The filter as the kernel takes it. Calls from `unknown` on get another action; those of foreign tables kill.
    pub(super) fn program(&self, unknown: u32, action: u32) -> io::Result<Vec<Instruction>> {
        let mut program = Vec::with_capacity(600);
        program.extend([
            instruction(LOAD, ARCHITECTURE, 0, 0),
            instruction(JUMP_IF_EQUAL, OUR_ARCHITECTURE, 1, 0),
            instruction(RETURN, KILL, 0, 0),
            instruction(LOAD, CALL, 0, 0),
            // No call at all: what tracers put in place of one.
            instruction(JUMP_IF_EQUAL, u32::MAX, 2, 0),
            // The second table of x86-64.
            instruction(JUMP_IF_AT_LEAST, 0x4000_0000, 0, 1),
            instruction(RETURN, KILL, 0, 0),
            instruction(JUMP_IF_AT_LEAST, unknown, 0, 1),
            instruction(RETURN, action, 0, 0),
        ]);
        let calls: Vec<(u32, &[Rule])> = self.0.iter().map(|(call, rules)| (*call, &**rules)).collect();
        program.append(&mut search(&calls)?);
        Ok(program)
    }
}

/// Finds the rules of the loaded call, and carries them out.
fn search(calls: &[(u32, &[Rule])]) -> io::Result<Vec<Instruction>> {
    let mut program = Vec::new();
    if calls.len() <= NEIGHBOURS {
        for (call, rules) in calls {
            let mut decision = decide(rules)?;
            program.push(instruction(JUMP_IF_EQUAL, *call, 0, distance(&decision)?));
            program.append(&mut decision);
        }
        program.push(instruction(RETURN, ALLOW, 0, 0));
        return Ok(program);
    }
    let (low, high) = calls.split_at(calls.len() / 2);
    let mut low = search(low)?;
    program.push(instruction(JUMP_IF_AT_LEAST, high[0].0, 0, 1));
    program.push(instruction(
        JUMP,
        u32::try_from(low.len()).map_err(io::Error::other)?,
        0,
        0,
    ));
    program.append(&mut low);
    program.append(&mut search(high)?);
    Ok(program)
}

/// Carries out the rules of one call.
fn decide(rules: &[Rule]) -> io::Result<Vec<Instruction>> {
    let mut program = Vec::new();
    for rule in rules {
        let mut then = vec![instruction(RETURN, rule.action, 0, 0)];
        for test in rule.tests.iter().rev() {
            let past = distance(&then)?;
            let (met, unmet) = if test.equal { (0, past) } else { (past, 0) };
            let mut code = vec![instruction(LOAD, ARGUMENTS + 8 * test.argument, 0, 0)];
            if test.mask != u32::MAX {
                code.push(instruction(AND, test.mask, 0, 0));
            }
            code.push(instruction(JUMP_IF_EQUAL, test.value, met, unmet));
            code.append(&mut then);
            then = code;
        }
        program.append(&mut then);
    }
    if rules.last().is_some_and(|rule| !rule.tests.is_empty()) {
        program.push(instruction(RETURN, ALLOW, 0, 0));
    }
    Ok(program)
}

/// How far to jump to get past this. Conditions jump 255 instructions at most.
fn distance(past: &[Instruction]) -> io::Result<u8> {
    u8::try_from(past.len()).map_err(|_| io::Error::other("a system call has too many rules"))
}

fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a program returns for a call with these arguments, and after how many steps.
    fn run(program: &[Instruction], call: u32, arguments: [u32; 6]) -> (u32, usize) {
        let (mut at, mut loaded, mut steps) = (0, 0, 0);
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            steps += 1;
            let mut jump = |yes: bool| at += usize::from(if yes { jt } else { jf });
            match code {
                LOAD => {
                    loaded = match k {
                        CALL => call,
                        ARCHITECTURE => OUR_ARCHITECTURE,
                        offset => arguments[(offset as usize - 16) / 8],
                    }
                }
                AND => loaded &= k,
                JUMP => at += k as usize,
                JUMP_IF_EQUAL => jump(loaded == k),
                JUMP_IF_AT_LEAST => jump(loaded >= k),
                RETURN => return (k, steps),
                other => panic!("no such instruction: {other}"),
            }
        }
    }

    fn fits(test: &Test, arguments: [u32; 6]) -> bool {
        (arguments[test.argument as usize] & test.mask == test.value) == test.equal
    }

    fn tests() -> impl Strategy<Value = Vec<Test>> {
        let test = (
            0..6_u32,
            prop_oneof![Just(u32::MAX), 1..4_u32],
            0..3_u32,
            any::<bool>(),
        );
        prop::collection::vec(test, 0..4).prop_map(|tests| {
            let tests = tests.into_iter();
            tests
                .map(|(argument, mask, value, equal)| Test {
                    argument,
                    mask,
                    value,
                    equal,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_first_rule_that_fits_decides(
            rules in prop::collection::vec((0..60_u32, tests(), 1..9_u32), 0..120),
            arguments in any::<[u8; 6]>(),
        ) {
            let arguments = arguments.map(|argument| u32::from(argument % 3));
            let mut all = Rules::default();
            for (call, tests, action) in &rules {
                all.add((*call).into(), tests, *action);
            }
            let program = all.program(50, 77).expect("short enough");
            for call in (0..60).chain([0x4000_0000, u32::MAX]) {
                let first = rules.iter().find(|(of, tests, _)| {
                    *of == call && tests.iter().all(|test| fits(test, arguments))
                });
                let expected = match call {
                    0x4000_0000 => KILL,
                    50.. => 77,
                    _ => first.map_or(ALLOW, |(_, _, action)| *action),
                };
                prop_assert_eq!(run(&program, call, arguments).0, expected, "call {}", call);
            }
        }
    }

    #[test]
    fn a_call_is_found_in_a_few_steps() {
        let mut all = Rules::default();
        for call in 0..128 {
            all.add(call, &[], 1);
        }
        let program = all.program(467, 2).expect("short enough");
        for call in 0..256 {
            let (action, steps) = run(&program, call, [0; 6]);
            assert_eq!(action, if call < 128 { 1 } else { ALLOW });
            assert!(steps < 24, "{steps} steps for call {call}");
        }
    }
}
