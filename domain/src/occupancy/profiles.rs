//! A cache of codecs by profile name: searching the name for models costs more than decoding.

use std::collections::HashMap;

use crate::sensors::{Codec, Frame, Undecodable, by_model, choose};

/// The maximum number of cached names; it bounds memory when names are made up.
const MOST: usize = 1024;

/// The codecs found for profile names. A cache: it may be dropped at any time.
#[derive(Debug, Default)]
pub struct Profiles(HashMap<String, Option<&'static Codec>>);

impl Profiles {
    /// As [`choose`], but searches each profile name only once.
    pub fn choose(
        &mut self,
        chosen: Option<&str>,
        profile_name: Option<&str>,
        frame: &Frame<'_>,
    ) -> Result<&'static Codec, Undecodable> {
        match (chosen, profile_name) {
            (None, Some(name)) => match (self.lookup(name), frame.refused()) {
                (_, Some(reason)) => Err(reason),
                (Some(codec), None) => Ok(codec),
                (None, None) => choose(None, None, frame),
            },
            _ => choose(chosen, profile_name, frame),
        }
    }

    fn lookup(&mut self, name: &str) -> Option<&'static Codec> {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let codec = by_model(name);
        self.0.insert(name.to_owned(), codec);
        codec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_chooses_as_choose_does_with_and_without_a_cached_name() {
        let mut profiles = Profiles::default();
        let tabs = Frame { f_port: 102, data: &[1, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0], ..Frame::default() };
        let mac = Frame { f_port: 0, ..Frame::default() };
        for frame in [tabs, mac, Frame { f_port: 9, data: &[1], ..Frame::default() }] {
            for chosen in [None, Some("moko-lw009"), Some("none such")] {
                for name in [None, Some("TBMS100"), Some("whatever"), Some("Bosch TPS110")] {
                    for _ in 0..2 {
                        let expected = choose(chosen, name, &frame).map(|codec| codec.name);
                        let found = profiles.choose(chosen, name, &frame).map(|codec| codec.name);
                        assert_eq!(found, expected, "{chosen:?} {name:?} {frame:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut profiles = Profiles::default();
        for n in 0..3 * MOST {
            profiles.lookup(&n.to_string());
            assert!(profiles.0.len() <= MOST);
        }
        assert!(profiles.0.len() > 1);
    }
}
