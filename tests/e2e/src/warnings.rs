//! What QEMU may say on its standard error. Everything else is a finding: a malformed command, for example, shows up
//! there and nowhere else.

/// A harmless line, by the part of it that never varies, and why it is harmless.
const HARMLESS: &[(&str, &str)] = &[(
    "qemu-system-x86_64: warning: Spice: Connection reset by peer",
    "a client left while there were still bytes for it; the original server says so",
)];

/// The lines of `stderr` that are not known to be harmless.
pub(crate) fn complaints(stderr: &str) -> Vec<String> {
    let harmless = |line: &str| HARMLESS.iter().any(|(known, _)| line.contains(known));
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

    #[test]
    fn known_lines_are_no_complaints() {
        let stderr: String =
            HARMLESS.iter().map(|(known, _)| format!("(process:1): {known} count=1\n")).collect();
        assert!(complaints(&stderr).is_empty());
    }
}
