//! Random steps of guests, agents and clients through the relay.

use proptest::collection::vec;
use proptest::prelude::*;

/// One step: what happens, with whom, and the bytes that belong to it.
fn step() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![
        vec(any::<u8>(), 0..60),
        // Types and sizes that go on in the next step.
        (0..18_u8, 0..60_u8, vec(any::<u8>(), 0..40))
            .prop_map(|(kind, size, data)| [vec![kind, size], data].concat()),
    ];
    (0..14_u8, 0..2_u8, data).prop_map(|(verb, who, data)| {
        let size = u8::try_from(data.len()).unwrap_or(u8::MAX);
        [vec![verb, who, size], data].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn nothing_breaks_the_rules_for_those_who_keep_to_them(steps in vec(step(), 0..80)) {
        // An agent and both clients are there in most cases.
        let begin = [[0, 0, 0], [2, 0, 0], [2, 1, 0]].concat();
        oracles::agent::relay(&[begin, steps.concat()].concat());
    }
}
