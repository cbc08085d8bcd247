//! Random input, guided by what it reaches, against all that reads what others send: `make fuzz`.
//! `DASSIE_FUZZ` names the target. A panic, a hang or a broken promise ends it, and the input is
//! kept; what was found once gets a test of its own beside the code.
#![no_main]

mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run(data));
