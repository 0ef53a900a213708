//! The program that a recording may go through, such as a compressor: it reads the recording from its standard
//! input and writes the file by its standard output.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Command, Stdio};

use super::Sink;
use crate::fault::HostError;

/// Starts the filter that a command line names.
///
/// # Errors
/// When the line cannot be split into words or the program cannot be started.
pub(super) fn start(line: &OsStr, file: File) -> Result<Sink, HostError> {
    let filter = line.display();
    let words = words(line.as_bytes())
        .ok_or_else(|| HostError::new(format_args!("the filter `{filter}` is no command line")))?;
    let (program, arguments) =
        words.split_first().ok_or_else(|| HostError::new("the filter has no program"))?;
    let child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(file).spawn();
    let mut child =
        child.map_err(|error| HostError::new(format_args!("cannot start the filter `{filter}`: {error}")))?;
    let input = child.stdin.take().ok_or_else(|| HostError::new("the filter has no input"))?;
    Ok(Sink { output: Box::new(input), filter: Some(child) })
}

/// The words of a command line, quoted as for a shell, without expansions: `'...'` as it stands, `"..."` with
/// a backslash before `"`, `\`, `$`, `` ` `` and line feeds, a backslash before anything outside of quotes, `#`
/// before a comment. Nothing if a quote or a backslash stays open.
fn words(line: &[u8]) -> Option<Vec<OsString>> {
    let mut words = Vec::new();
    // Nothing between two words; "" is a word.
    let mut word: Option<Vec<u8>> = None;
    let mut rest = line.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => words.extend(word.take()),
            b'#' if word.is_none() => while rest.next().is_some_and(|byte| byte != b'\n') {},
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        b'\'' => break,
                        byte => word.push(byte),
                    }
                }
            }
            b'"' => quoted(&mut rest, word.get_or_insert_default())?,
            b'\\' => match rest.next()? {
                b'\n' => {}
                byte => word.get_or_insert_default().push(byte),
            },
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    Some(words.into_iter().map(OsString::from_vec).collect())
}

/// Appends what stands up to the closing `"`.
fn quoted(rest: &mut impl Iterator<Item = u8>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        match rest.next()? {
            b'"' => return Some(()),
            b'\\' => match rest.next()? {
                b'\n' => {}
                byte @ (b'"' | b'\\' | b'$' | b'`') => word.push(byte),
                byte => word.extend([b'\\', byte]),
            },
            byte => word.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;
    use std::path::PathBuf;

    fn split(line: &str) -> Option<Vec<String>> {
        let words = words(line.as_bytes())?;
        Some(words.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn words_are_split_as_by_a_shell() {
        let cases: [(&str, &[&str]); 9] = [
            ("zstd -q -3", &["zstd", "-q", "-3"]),
            ("  a\t b\n", &["a", "b"]),
            (r#"sh -c 'cat | "x" \y'"#, &["sh", "-c", r#"cat | "x" \y"#]),
            (r#"a "b \"c\" \$d \e" f"#, &["a", r#"b "c" $d \e"#, "f"]),
            (r"a\ b c", &["a b", "c"]),
            ("a'b'\"c\"", &["abc"]),
            ("a '' \"\"", &["a", "", ""]),
            ("a#b # c d\ne", &["a#b", "e"]),
            ("a\\\nb", &["ab"]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        assert_eq!(split(""), Some(Vec::new()));
        for open in ["a 'b", "a \"b", "a \\", "\"\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("recorder-{}-{name}", std::process::id()))
    }

    #[test]
    fn the_file_is_what_the_filter_makes_of_the_recording() {
        let path = file("filtered");
        let recorder = Recorder::to_file(&path, Some(OsStr::new("tr 'A-Z' 'a-z'"))).unwrap();
        recorder.record(&recording::Entry::message(&recording::Message::Start));
        drop(recorder);
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(written.starts_with("spice_replay 1\nevent 0 1 8 "), "{written}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_filter_that_cannot_be_started_is_an_error() {
        let path = file("unfiltered");
        for (line, reason) in
            [("no-such-program -3", "cannot start"), ("'", "no command line"), (" ", "no program")]
        {
            let error = Recorder::to_file(&path, Some(OsStr::new(line))).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
        std::fs::remove_file(path).unwrap();
    }
}
