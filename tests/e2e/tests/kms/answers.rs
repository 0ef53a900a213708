//! The guest program's answers, a line for each check.

use anyhow::{Context, Result, bail};

/// What a driver answered to one question.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Ok,
    Skip(String),
    Fail(String),
}

/// Reads `CHECK ok NAME`, `CHECK skip NAME REASON` or `CHECK fail NAME REASON`, wherever in the line it begins: the
/// kernel writes to the same console. None: the last line.
pub(crate) fn read(line: &str) -> Result<Option<(String, Answer)>> {
    let (_, rest) = line.split_once("CHECK ").context("no answer")?;
    if rest.trim() == "end" {
        return Ok(None);
    }
    let mut words = rest.splitn(3, ' ');
    let (word, name) = (words.next().unwrap_or_default(), words.next().context("an answer without a name")?);
    let reason = words.next().unwrap_or_default().to_owned();
    let answer = match word {
        "ok" => Answer::Ok,
        "skip" => Answer::Skip(reason),
        "fail" => Answer::Fail(reason),
        other => bail!("an answer of {other}"),
    };
    Ok(Some((name.to_owned(), answer)))
}

#[test]
fn answers_are_read() {
    assert_eq!(read("CHECK ok a").unwrap(), Some(("a".into(), Answer::Ok)));
    assert_eq!(
        read("[1.0] x CHECK fail b no event").unwrap(),
        Some(("b".into(), Answer::Fail("no event".into())))
    );
    assert_eq!(read("CHECK end").unwrap(), None);
    assert!(read("CHECK maybe c").is_err());
}
