//! Metrics in Prometheus' own text format (version 0.0.4), made of the OpenMetrics text.
//!
//! The formats differ in what stands around the samples: a counter is described under the name of its samples, which ends in
//! `_total`, and there are no units and no end mark.

/// The same metrics in Prometheus' text format.
pub(super) fn of_open_metrics(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        match line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')) {
            Some(("HELP", rest)) => {
                // The type follows the help.
                let described = lines[at..].iter().take(2).find_map(|line| line.strip_prefix("# TYPE "));
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                let is_counter = described.is_some_and(|described| described == format!("{name} counter"));
                let total = if is_counter { "_total" } else { "" };
                push(&mut plain, &["# HELP ", name, total, " ", help]);
            }
            Some(("TYPE", rest)) => match rest.split_once(' ') {
                Some((name, "counter")) => push(&mut plain, &["# TYPE ", name, "_total counter"]),
                Some((name, "unknown")) => push(&mut plain, &["# TYPE ", name, " untyped"]),
                _ => push(&mut plain, &[line]),
            },
            Some(_) => {}
            None if *line == "# EOF" => {}
            None => push(&mut plain, &[line]),
        }
    }
    plain
}

fn push(text: &mut String, parts: &[&str]) {
    text.extend(parts.iter().copied().chain(["\n"]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_described_under_the_name_of_its_samples() {
        let open = "# HELP a Answers.\n# TYPE a counter\n# UNIT a seconds\na_total{b=\"# c\"} 1\n\
                    # HELP d Depth.\n# TYPE d gauge\nd 2\n# HELP e Else.\n# TYPE e unknown\ne 3\n# EOF\n";
        let plain = "# HELP a_total Answers.\n# TYPE a_total counter\na_total{b=\"# c\"} 1\n\
                     # HELP d Depth.\n# TYPE d gauge\nd 2\n# HELP e Else.\n# TYPE e untyped\ne 3\n";
        assert_eq!(of_open_metrics(open), plain);
    }
}
