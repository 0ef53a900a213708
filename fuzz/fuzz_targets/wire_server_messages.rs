#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::wire::server_messages(bytes));
