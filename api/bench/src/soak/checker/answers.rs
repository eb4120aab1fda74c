//! Compares the writers' answers with the log.

use super::Checker;
use super::appends::Whole;
use crate::soak::answer::{Acknowledged, Answer, Outcome, Refusal};
use crate::soak::violation::Violation;

impl Checker {
    /// Checks one answer, after all events were taken.
    pub(crate) fn check_answer(&mut self, answer: &Answer) {
        let violation = match &answer.outcome {
            Outcome::Acknowledged(acknowledged) if acknowledged.repeated => {
                self.repeated(answer, acknowledged)
            }
            Outcome::Acknowledged(acknowledged) => self.acknowledged(answer, acknowledged),
            Outcome::Refused(refusal) => self.refused(answer, *refusal),
            Outcome::Unsettled => None,
        };
        if let Some(violation) = violation {
            self.report(violation);
        }
    }

    fn acknowledged(&self, answer: &Answer, acknowledged: &Acknowledged) -> Option<Violation> {
        let append_id = answer.append_id;
        match self.known.appends.get(&append_id) {
            None => Some(Violation::AcknowledgedAndLost { append_id, position: acknowledged.first }),
            Some(whole) => elsewhere(answer, acknowledged, whole),
        }
    }

    /// It has the first answer under its key, and stored nothing of its own.
    fn repeated(&self, answer: &Answer, acknowledged: &Acknowledged) -> Option<Violation> {
        let append_id = answer.append_id;
        if self.known.appends.contains_key(&append_id) {
            return Some(Violation::StoredAgainstTheAnswer {
                append_id,
                outcome: answer.outcome.to_string(),
            });
        }
        let lost = Violation::AcknowledgedAndLost { append_id, position: acknowledged.first };
        let Some(request) = &answer.request else { return Some(lost) };
        match self.known.requests.get(&request.key) {
            Some((fingerprint, first)) if *fingerprint == request.fingerprint => self
                .known
                .appends
                .get(first)
                .map_or(Some(lost), |whole| elsewhere(answer, acknowledged, whole)),
            _ => Some(lost),
        }
    }

    fn refused(&self, answer: &Answer, refusal: Refusal) -> Option<Violation> {
        let append_id = answer.append_id;
        if self.known.appends.contains_key(&append_id) {
            return Some(Violation::StoredAgainstTheAnswer {
                append_id,
                outcome: answer.outcome.to_string(),
            });
        }
        let request = answer.request.as_ref().filter(|_| refusal == Refusal::KeyReused)?;
        let used = self.known.requests.get(&request.key);
        let wrongly = used.is_none_or(|(fingerprint, _)| *fingerprint == request.fingerprint);
        wrongly.then(|| Violation::WronglyReused { key: request.key.clone(), append_id })
    }
}

fn elsewhere(answer: &Answer, acknowledged: &Acknowledged, whole: &Whole) -> Option<Violation> {
    let same = (acknowledged.first, acknowledged.last) == (whole.first, whole.last)
        && acknowledged.versions == whole.versions;
    (!same).then(|| Violation::AcknowledgedElsewhere {
        append_id: answer.append_id,
        what: format!("{acknowledged:?}, it is {whole:?}"),
    })
}
