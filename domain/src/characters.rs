//! The characters that texts may hold: what is stored must look like what it is.

use std::ops::RangeInclusive;

/// A character that a text must not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It controls a terminal, breaks the line, or changes the direction of what follows.
    Control,
    /// Nothing shows that it is there: two different names would look the same.
    Invisible,
}

/// Unicode's default ignorable code points that no other rule names, annotations, and blanks that are no white space.
const INVISIBLE: [RangeInclusive<char>; 16] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200d}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Letters that join: Arabic and its relatives, the scripts of India and its neighbours, Mongolian.
const JOINING: [RangeInclusive<char>; 6] = [
    '\u{620}'..='\u{dff}',
    '\u{1000}'..='\u{109f}',
    '\u{1780}'..='\u{17b3}',
    '\u{17b6}'..='\u{17ff}',
    '\u{1820}'..='\u{18aa}',
    '\u{fb50}'..='\u{fefc}',
];

/// The first character of a text that is shown in one line that it must not hold, if there is one.
pub(crate) fn fault_in_line(text: &str) -> Option<Fault> {
    let mut before = None;
    text.chars().find_map(|c| {
        let fault = fault(before, c);
        before = Some(c);
        fault
    })
}

/// The text with U+FFFD for what a line must not hold: for machine input, which is not refused.
pub(crate) fn clean_line(text: &str) -> String {
    let mut before = None;
    let clean = |c| {
        let clean = if fault(before, c).is_some() { char::REPLACEMENT_CHARACTER } else { c };
        before = Some(c);
        clean
    };
    text.chars().map(clean).collect()
}

/// True for a text of several lines that holds more control than line breaks, tabs and marks of direction, which Hebrew and
/// Arabic texts need. A carriage return alone would write over its line.
pub(crate) fn is_controlling(text: &str) -> bool {
    let mut after = text.chars().skip(1);
    text.chars().any(|c| {
        let next = after.next();
        match c {
            '\n' | '\t' => false,
            '\r' => next != Some('\n'),
            c => c.is_control() || overrides_direction(c),
        }
    })
}

fn fault(before: Option<char>, c: char) -> Option<Fault> {
    if is_control(c) {
        Some(Fault::Control)
    } else if is_one_of(&INVISIBLE, c) && !before.is_some_and(|before| changes(c, before)) {
        Some(Fault::Invisible)
    } else {
        None
    }
}

/// Control characters, line and paragraph separators, and Unicode's `Bidi_Control`.
fn is_control(c: char) -> bool {
    c.is_control()
        || overrides_direction(c)
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates: they reorder what others wrote around the text.
fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// True if an invisible character stands where it belongs: it changes how the character before it looks.
fn changes(c: char, before: char) -> bool {
    let is_symbol =
        matches!(before, '\u{a9}' | '\u{ae}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}');
    match c {
        '\u{200c}' => is_one_of(&JOINING, before),
        '\u{200d}' => is_one_of(&JOINING, before) || is_symbol || before == '\u{fe0f}',
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => is_symbol || is_ideograph(before),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        _ => false,
    }
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_one_of(ranges: &[RangeInclusive<char>], c: char) -> bool {
    ranges.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_looks_like_what_it_is() {
        for control in
            ['\0', '\t', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2066}']
        {
            assert_eq!(fault_in_line(&format!("a{control}b")), Some(Fault::Control), "{control:?}");
        }
        let invisible = [
            '\u{ad}',
            '\u{34f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{2060}',
            '\u{2064}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{e0041}',
            '\u{e0100}',
        ];
        for invisible in invisible {
            for text in [format!("a{invisible}b"), format!("{invisible}"), format!("Bay 1{invisible}")] {
                assert_eq!(fault_in_line(&text), Some(Fault::Invisible), "{invisible:?}");
                assert_eq!(clean_line(&text), text.replace(invisible, "\u{fffd}"));
            }
        }
        assert_eq!(fault_in_line("می\u{200c}\u{200c}خواهم"), Some(Fault::Invisible), "twice looks like once");
    }

    #[test]
    fn joiners_and_variations_belong_to_the_characters_that_they_change() {
        let names = [
            "Ä 1",
            "חניון",
            "موقف",
            "می\u{200c}خواهم",
            "ක\u{dca}\u{200d}ර",
            "👩\u{200d}🚒",
            "❤\u{fe0f}",
            "葛\u{e0100}",
        ];
        for name in names {
            assert_eq!((fault_in_line(name), clean_line(name)), (None, name.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_text_has_lines_and_tabs_and_no_other_control() {
        for text in ["", "a\n\tb\r\nc", "\u{200f}שלום", "a\u{200b}b", "\u{feff}a"] {
            assert!(!is_controlling(text), "{text:?}");
        }
        for control in
            ["\r", "\ra", "\u{1b}[2J", "\u{7}", "\u{85}", "\u{202e}", "\u{202a}", "\u{2066}", "\u{2069}"]
        {
            assert!(is_controlling(&format!("a{control}b")), "{control:?}");
        }
    }
}
