//! What the original does at the agent's port where ours does something else on purpose: docs/undocumented-behaviour.md
//! says what, and host-server's own tests show ours.

use anyhow::{Result, ensure};
use bytes::Bytes;
use replayer::libraries;
use wire::main::MouseMode;

use crate::agent::{
    PLENTY, Seen, Step, chunk, guest_writes, host, message, numbers, seen, sends, sends_whole,
};

/// All facts; each fails with its name when it is none any more.
pub(crate) fn hold() -> Result<()> {
    a_client_goes_at_the_11th_message()?;
    a_chunk_without_bytes_makes_it_deaf()?;
    tokens_before_the_start_end_the_process()?;
    an_empty_piece_in_a_message_ends_the_client()?;
    a_client_gets_the_rest_of_a_message()?;
    the_agent_comes_before_a_tablet()?;
    devices_hear_of_no_wish_before_the_start()?;
    capabilities_are_looked_for_in_the_first_piece_only()
}

fn original(steps: &[Step]) -> Result<Vec<Seen>> {
    seen(&libraries::original()?, &[], steps)
}

fn talking() -> Vec<Step> {
    vec![host("open"), Step::Join, Step::Start(PLENTY)]
}

fn a_client_goes_at_the_11th_message() -> Result<()> {
    let mut steps = talking();
    steps.push(host("read 0"));
    (0..11).for_each(|_| steps.extend(sends(&message(3, 8), 100)));
    let seen = original(&steps)?;
    let closed: Vec<bool> = seen.iter().map(Seen::is_closed).collect();
    ensure!(closed == [vec![false; 14], vec![true]].concat(), "when a client goes: {closed:?}");
    Ok(())
}

fn a_chunk_without_bytes_makes_it_deaf() -> Result<()> {
    let mut steps = talking();
    steps.push(guest_writes(&chunk(1, b"")));
    steps.push(guest_writes(&chunk(1, &message(3, 8))));
    let seen = original(&steps)?;
    ensure!(seen.iter().all(|seen| seen.client_got().is_empty()), "it hears: {seen:#?}");
    Ok(())
}

fn tokens_before_the_start_end_the_process() -> Result<()> {
    let error = original(&[host("open"), Step::Join, Step::Grant(5)]).err();
    let said = error.map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(said.contains("(signal: "), "it goes on: {said}");
    Ok(())
}

fn an_empty_piece_in_a_message_ends_the_client() -> Result<()> {
    let mut steps = talking();
    let long = Bytes::from(message(3, 100));
    steps.push(Step::Send(vec![long.slice(..50), Bytes::new()]));
    let seen = original(&steps)?;
    ensure!(seen.last().is_some_and(Seen::is_closed), "it stays: {seen:#?}");
    Ok(())
}

fn a_client_gets_the_rest_of_a_message() -> Result<()> {
    let long = message(5, 100);
    let mut steps = vec![host("open"), Step::Join, guest_writes(&chunk(1, &long[..60]))];
    steps.extend([Step::Start(PLENTY), guest_writes(&chunk(1, &long[60..]))]);
    let seen = original(&steps)?;
    let got = seen.last().map(Seen::client_got).unwrap_or_default();
    ensure!(got == [replayer::agent::hex(&long[60..])], "it gets {got:?}");
    Ok(())
}

fn the_agent_comes_before_a_tablet() -> Result<()> {
    let mut steps = vec![Step::Join, Step::Mode(MouseMode::CLIENT), Step::Move(1, 2), host("open")];
    steps.extend([Step::Start(PLENTY), Step::Move(3, 4)]);
    let seen = original(&steps)?;
    let tablet: Vec<bool> = seen.iter().map(|seen| seen.host_has("\"position\"")).collect();
    ensure!(tablet == [false, false, true, false, false, false], "when the tablet moves: {tablet:?}");
    ensure!(seen.last().is_some_and(|seen| seen.host_has("reads 02000000")), "the agent: {seen:#?}");
    Ok(())
}

fn devices_hear_of_no_wish_before_the_start() -> Result<()> {
    let wish = sends_whole(&numbers(2, &[1, 0, 1, 2, 3, 4, 5]), 2048);
    let steps = [Step::Join, host("monitors on"), wish.clone(), host("open"), wish.clone()];
    let seen = original(
        &[&steps[..], &[host("monitors off"), Step::Start(PLENTY), host("monitors on"), wish]].concat(),
    )?;
    ensure!(!seen.iter().any(|seen| seen.host_has("monitors")), "devices hear: {seen:#?}");
    Ok(())
}

fn capabilities_are_looked_for_in_the_first_piece_only() -> Result<()> {
    let announced = numbers(6, &[0, u32::MAX]);
    let mut steps = vec![host("set copypaste off")];
    steps.extend(talking());
    steps.push(guest_writes(&[chunk(1, &announced[..20]), chunk(1, &announced[20..])].concat()));
    let seen = original(&steps)?;
    let got = seen.last().map(Seen::client_got).unwrap_or_default();
    ensure!(got.concat() == replayer::agent::hex(&announced), "they are changed: {got:?}");
    Ok(())
}
