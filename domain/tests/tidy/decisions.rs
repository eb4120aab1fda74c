//! Decisions are numbered, each number once, and the index beside them has each with its title.

use crate::finding::{Finding, expect_none};
use crate::source::{self, Source};

const INDEX: &str = "docs/decisions/README.md";

/// The number in the file's name, and the title that stands behind the same number in its heading.
fn heading(decision: &Source) -> Option<(&str, &str)> {
    let name = decision.path.rsplit('/').next()?;
    let (number, _) = name.split_once('-')?;
    let numbered = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let title = decision.text.lines().next()?.strip_prefix("# ")?.strip_prefix(number)?.strip_prefix(": ")?;
    numbered.then_some((number, title))
}

fn check(index: &Source, decisions: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut rows = Vec::new();
    for decision in decisions {
        let Some((number, title)) = heading(decision) else {
            found.push(decision.finding(1, "name it NNNN-words.md and begin with `# NNNN: title`"));
            continue;
        };
        let name = decision.path.rsplit('/').next().unwrap_or_default();
        let row = format!("| [{number}]({name}) | {title} |");
        if index.lines().filter(|(_, line)| *line == row).count() != 1 {
            found.push(decision.finding(1, format!("write into {INDEX}, once: {row}")));
        }
        let twin =
            decisions.iter().filter(|other| heading(other).is_some_and(|(same, _)| same == number)).count();
        if twin > 1 {
            found.push(
                decision.finding(1, format!("{number} is taken: give the later one the next free number")),
            );
        }
        rows.push(row);
    }
    let strange =
        index.lines().filter(|(_, line)| line.starts_with("| [") && !rows.iter().any(|row| row == line));
    found.extend(
        strange.map(|(number, _)| index.finding(number, "no decision has this number, file and title")),
    );
    found
}

#[test]
fn every_decision_is_numbered_and_in_the_index() {
    let (index, decisions): (Vec<_>, Vec<_>) = source::files(|path| path.starts_with("docs/decisions/"))
        .into_iter()
        .partition(|source| source.path == INDEX);
    assert!(decisions.len() > 30, "the decisions were found");
    expect_none(check(&index[0], &decisions));
}

#[test]
fn a_decision_that_is_missing_misnamed_or_numbered_twice_is_found() {
    let index = Source::new(INDEX, "| no. | decision |\n| [0001](0001-a.md) | a |\n");
    let decision = |name: &str, text: &str| Source::new(&format!("docs/decisions/{name}"), text);
    let found = |decisions: &[Source]| -> Vec<_> {
        check(&index, decisions).iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
    };
    let first = || decision("0001-a.md", "# 0001: a\n");
    assert!(found(&[first()]).is_empty());
    assert_eq!(found(&[first(), decision("0002-b.md", "# 0002: b\n")]), ["docs/decisions/0002-b.md:1"]);
    assert_eq!(found(&[first(), decision("0001-b.md", "# 0001: b\n")]).len(), 3);
    assert_eq!(found(&[first(), decision("0002-b.md", "# 0003: b\n")]), ["docs/decisions/0002-b.md:1"]);
    assert_eq!(found(&[decision("0001-a.md", "# 0001: another title\n")]).len(), 2);
    assert_eq!(found(&[]), [format!("{INDEX}:2")]);
}
