#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::image::jpeg(bytes));
