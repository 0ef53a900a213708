//! What QEMU may say on its standard error. Everything else is a finding: a malformed command, for example, shows up
//! there and nowhere else.

/// A harmless line, by a part of it, and why it is harmless.
const HARMLESS: &[(&str, &str)] = &[];

/// The lines of `stderr` that are not known to be harmless.
pub(crate) fn complaints(stderr: &str) -> Vec<String> {
    let harmless = |line: &str| HARMLESS.iter().any(|(part, _)| line.contains(part));
    stderr.lines().filter(|line| !line.trim().is_empty() && !harmless(line)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_line_is_a_complaint() {
        let stderr = "\nqemu: Spice-WARNING **: drawable_draw: invalid type\n";
        assert_eq!(complaints(stderr).len(), 1);
    }
}
