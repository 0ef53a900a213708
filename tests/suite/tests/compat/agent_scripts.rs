//! What clients, agents and hosts do, for the comparison of what each sees of it.

use wire::inputs::Button;
use wire::main::MouseMode;

use crate::agent::{PLENTY, Step, chunk, guest_writes, host, message, numbers, sends, sends_whole};

/// A script with the options of the replayer that it needs.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) options: &'static [&'static str],
    pub(crate) steps: Vec<Step>,
}

fn script(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Script {
    Script { name, options: &[], steps: steps.into_iter().collect() }
}

/// An agent is there and a client talks to it.
fn talking() -> Vec<Step> {
    vec![host("open"), Step::Join, Step::Start(PLENTY)]
}

fn small() -> Vec<u8> {
    message(3, 8)
}

pub(crate) fn all() -> Vec<Script> {
    let mut scripts = vec![life(), late_agent(), sizes(), tokens_of_the_client(), tokens_of_the_agent()];
    scripts.extend([switched_off(), switched_at_last(), devices(), monitors(), not_started(), next_client()]);
    scripts.extend(faults_of_the_agent());
    scripts.extend(faults_of_the_client());
    scripts.push(pointer());
    scripts
}

fn life() -> Script {
    let mut steps = talking();
    steps.extend(sends(&message(4, 10), 100));
    steps.push(guest_writes(&chunk(1, &small())));
    steps.push(guest_writes(&chunk(2, &small())));
    steps.extend([host("open"), host("close"), host("open"), Step::Start(PLENTY)]);
    steps.extend(sends(&message(4, 10), 100));
    steps.push(guest_writes(&[chunk(1, &small()), chunk(2, &small()), chunk(1, &small())].concat()));
    steps.extend([host("close"), Step::Leave, Step::Join, host("open"), Step::Leave, host("close")]);
    script("the life of an agent", steps)
}

fn late_agent() -> Script {
    let mut steps = vec![Step::Join, host("open")];
    steps.push(guest_writes(&chunk(1, &small())));
    steps.push(Step::Start(PLENTY));
    steps.push(guest_writes(&chunk(1, &small())));
    steps.extend(sends(&small(), 100));
    steps.extend([host("close"), host("open"), Step::Start(PLENTY)]);
    script("an agent after the client", steps)
}

fn sizes() -> Script {
    let mut steps = talking();
    for size in [0, 1, 2027, 2028, 2029, 5000] {
        let whole = message(5, size);
        steps.extend(sends(&whole, 2048));
        steps.push(guest_writes(&chunk(1, &whole)));
        let halves = whole.chunks(whole.len() / 2 + 20);
        steps.push(guest_writes(&halves.flat_map(|half| chunk(1, half)).collect::<Vec<u8>>()));
    }
    let whole = chunk(1, &message(5, 2500));
    steps.extend(whole.chunks(7 * 50 + 3).map(guest_writes));
    steps.extend(sends(&message(99, 3000), 700));
    script("messages of all sizes", steps)
}

fn tokens_of_the_client() -> Script {
    let mut steps = talking();
    steps.push(host("read 0"));
    (0..10).for_each(|_| steps.extend(sends(&small(), 100)));
    steps.extend([host("read 50"), host("read 90"), host("read 1"), host("read 100000")]);
    (0..7).for_each(|_| steps.extend(sends(&small(), 100)));
    script("a guest that reads slowly", steps)
}

fn tokens_of_the_agent() -> Script {
    let mut steps = vec![host("open"), Step::Join, Step::Start(2)];
    (0..4).for_each(|_| steps.push(guest_writes(&chunk(1, &small()))));
    steps.extend([Step::Grant(1), Step::Grant(5)]);
    steps.push(guest_writes(&chunk(1, &message(5, 20_000))));
    steps.extend([Step::Grant(3), Step::Start(1), Step::Start(PLENTY)]);
    script("a client that takes little", steps)
}

/// Every type, both ways.
fn every_type(steps: &mut Vec<Step>) {
    for kind in (1..18).chain([99, u32::MAX]) {
        // The server answers some kinds itself; monitors have a script of their own.
        if kind == 2 || kind == 6 {
            continue;
        }
        steps.extend(sends(&message(kind, 40), 33));
        steps.push(guest_writes(&chunk(1, &message(kind, 40))));
        let long = message(kind, 40);
        steps.push(guest_writes(&[chunk(1, &long[..33]), chunk(1, &long[33..])].concat()));
    }
    steps.push(guest_writes(&chunk(1, &numbers(6, &[1, u32::MAX, u32::MAX]))));
    steps.push(guest_writes(&chunk(1, &numbers(6, &[0, 0]))));
    steps.extend(sends(&numbers(6, &[1, u32::MAX]), 100));
}

fn switched_off() -> Script {
    let mut steps = vec![host("set copypaste off"), host("set file_xfer off")];
    steps.extend(talking());
    every_type(&mut steps);
    script("clipboard and files switched off", steps)
}

fn switched_at_last() -> Script {
    let mut steps = talking();
    every_type(&mut steps);
    steps.extend([host("set copypaste off"), host("set file_xfer on")]);
    every_type(&mut steps);
    steps.extend([host("set copypaste on"), host("set file_xfer off")]);
    every_type(&mut steps);
    script("clipboard and files switched off and on", steps)
}

fn devices() -> Script {
    let announcement = chunk(1, &numbers(6, &[0, 1 << 15]));
    let mut steps = vec![host("device pci/0000/02.0 3 2")];
    steps.extend(talking());
    steps.push(guest_writes(&announcement));
    steps.extend([Step::Start(PLENTY), host("device pci/0000/05.1 0 1")]);
    steps.push(guest_writes(&chunk(1, &numbers(6, &[0, 0]))));
    steps.push(Step::Start(PLENTY));
    script("an agent that wants to know the devices", steps)
}

fn monitors() -> Script {
    let wish = |count: u32| numbers(2, &[&[count, 0], vec![5; 5 * count as usize].as_slice()].concat());
    let mut steps = talking();
    steps.extend([sends_whole(&wish(1), 2048), sends_whole(&wish(150), 1500), sends_whole(&small(), 100)]);
    steps.extend([host("monitors on"), Step::Start(PLENTY)]);
    steps.extend([sends_whole(&wish(2), 2048), sends_whole(&wish(150), 1500), sends_whole(&small(), 100)]);
    script("wishes for monitors", steps)
}

fn not_started() -> Script {
    let mut steps = vec![host("open"), Step::Join];
    steps.extend(sends(&message(4, 100), 60));
    steps.push(guest_writes(&chunk(1, &message(4, 100))));
    steps.extend(sends(&message(4, 100)[..70], 70));
    steps.push(Step::Start(PLENTY));
    steps.extend(sends(&message(4, 100)[70..], 70));
    steps.extend(sends(&small(), 70));
    script("a client that does not begin with the agent", steps)
}

fn next_client() -> Script {
    let long = message(4, 3000);
    let mut steps = talking();
    steps.extend(sends(&long[..2000], 1000));
    steps.push(guest_writes(&chunk(1, &long[..2000])));
    steps.extend([Step::Leave, Step::Join]);
    steps.push(guest_writes(&chunk(1, &long[2000..])));
    steps.push(Step::Start(PLENTY));
    steps.push(guest_writes(&chunk(1, &small())));
    steps.extend(sends(&small(), 100));
    steps.push(Step::Leave);
    script("a client after another one", steps)
}

fn faults_of_the_agent() -> Vec<Script> {
    let long = [message(4, 10), vec![0]].concat();
    let faults = [
        ("an unknown port", chunk(3, &small())),
        ("a header that is cut", chunk(1, &small()[..19])),
        ("no protocol", chunk(1, &[0; 40])),
        ("two messages in a chunk", chunk(1, &long)),
        ("a chunk over the end of a message", [chunk(1, &long[..25]), chunk(1, &long[25..])].concat()),
    ];
    let mut scripts = Vec::new();
    for (name, bytes) in faults {
        let mut steps = talking();
        steps.push(guest_writes(&bytes));
        steps.push(guest_writes(&chunk(1, &small())));
        steps.extend(sends(&small(), 100));
        scripts.push(script(name, steps));
    }
    scripts
}

fn faults_of_the_client() -> Vec<Script> {
    let faults = [
        ("a client without a protocol", vec![0; 40]),
        ("a client that cuts a header", small()[..19].to_vec()),
        ("a client with too much in a piece", message(4, 2029)),
        ("a client with more than a message", [small(), vec![0]].concat()),
    ];
    let mut scripts = Vec::new();
    for (name, bytes) in faults {
        let mut steps = talking();
        steps.extend(sends(&bytes, 5000));
        scripts.push(script(name, steps));
    }
    scripts
}

fn pointer() -> Script {
    let mut steps = vec![Step::Join, Step::Mode(MouseMode::CLIENT), host("open"), Step::Start(PLENTY)];
    steps.extend([Step::Mode(MouseMode::CLIENT), Step::Move(1, 2), Step::Move(639, 479)]);
    let buttons = [Button::LEFT, Button::MIDDLE, Button::SIDE, Button::UP, Button::DOWN];
    steps.extend(buttons.map(|button| Step::Click(vec![button])));
    steps.push(Step::Click([buttons, buttons].concat()));
    steps.extend([host("read 10"), Step::Move(5, 6), Step::Move(7, 8), Step::Move(9, 10)]);
    steps.extend([host("read 100000"), host("set mouse off"), Step::Mode(MouseMode::CLIENT)]);
    steps.extend([host("set mouse on"), Step::Mode(MouseMode::CLIENT), Step::Move(3, 4), host("close")]);
    Script { name: "an agent that moves the pointer", options: &["--no-tablet"], steps }
}
