//! Two states held against each other: what our records say, and what was last read in Visma.

use std::collections::{HashMap, HashSet};

use problem::Code;
use visma::compare::{self, Shown};

use record::address::Entity;

use super::{Drift, Report};

/// Content of one of our records.
#[derive(Debug, Clone)]
pub(crate) struct Booked {
    pub(crate) entity: Entity,
    /// Key of the record.
    pub(crate) key: String,
    pub(crate) number: String,
    pub(crate) reference: String,
    /// Visma holds a document for it.
    pub(crate) stands: bool,
    /// It is known whether Visma does.
    pub(crate) is_settled: bool,
    /// Values as booked; `None` where the record does not say, and the reason where they cannot be read.
    pub(crate) prediction: Result<Option<compare::Booked>, String>,
    /// Numbers of documents that we removed.
    pub(crate) removed: Vec<String>,
}

impl Booked {
    /// A record of which nothing is known but where it stands.
    pub(crate) fn new(entity: Entity, key: String) -> Self {
        let (number, reference) = (String::new(), String::new());
        let (stands, is_settled, prediction, removed) = (false, false, Ok(None), Vec::new());
        Self { entity, key, number, reference, stands, is_settled, prediction, removed }
    }
}

/// Last version of a document that was read.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) entity: Entity,
    pub(crate) number: String,
    /// Our reference that it bears, or bore.
    pub(crate) reference: String,
    pub(crate) is_gone: bool,
    pub(crate) is_detached: bool,
    /// Values of the document that the list showed; `None` where they cannot be read.
    pub(crate) shown: Option<Shown>,
}

#[cfg(test)]
impl Held {
    /// A document of which nothing is known but its number.
    pub(crate) fn new(entity: Entity, number: &str) -> Self {
        let (number, reference, shown) = (number.to_owned(), String::new(), None);
        Self { entity, number, reference, is_gone: false, is_detached: false, shown }
    }
}

/// Code of a document that cannot be compared as far as it must.
const INCOMPLETE: Code = Code::VerificationIncomplete;

/// Holds all records against all versions.
pub(crate) fn compare(booked: &[Booked], held: &[Held]) -> Report {
    let by_number: HashMap<_, _> = held.iter().map(|held| ((held.entity, held.number.as_str()), held)).collect();
    let mut by_reference: HashMap<_, Vec<&Held>> = HashMap::new();
    for held in held.iter().filter(|held| !held.is_gone) {
        by_reference.entry((held.entity, held.reference.as_str())).or_default().push(held);
    }
    let mut report = Report::default();
    let mut known = HashSet::new();
    for record in booked {
        let place = (record.entity, record.reference.as_str());
        known.insert(place);
        let there = by_reference.get(&place).map(Vec::as_slice).unwrap_or_default();
        let others = there.iter().filter(|held| held.number != record.number && !record.removed.contains(&held.number));
        let others: Vec<&str> = others.map(|held| held.number.as_str()).collect();
        if record.stands {
            report.booked += 1;
            match by_number.get(&(record.entity, record.number.as_str())) {
                Some(held) => differs(record, held, &mut report),
                None => report.unread += 1,
            }
            if !others.is_empty() {
                let sentence =
                    format!("{} carries the same reference; booked under {}", others.join(", "), record.number);
                report.drifts.push(drift(record, &record.number, Code::DuplicateDocument, sentence));
            }
        } else if record.is_settled {
            let sentence = "our record says that nothing is booked under this reference";
            let found = others.iter().map(|number| drift(record, number, Code::DocumentUnknown, sentence.to_owned()));
            report.drifts.extend(found);
        }
    }
    let strangers = by_reference.iter().filter(|(place, _)| !known.contains(*place)).flat_map(|(_, held)| held);
    report.drifts.extend(strangers.map(|held| Drift {
        entity: held.entity,
        number: held.number.clone(),
        reference: held.reference.clone(),
        code: Code::UnknownReference,
        sentence: "it bears a reference of ours that no record knows".to_owned(),
    }));
    report
}

fn differs(record: &Booked, held: &Held, report: &mut Report) {
    let mut found = |code, sentence| report.drifts.push(drift(record, &record.number, code, sentence));
    if held.is_gone {
        return found(Code::DocumentGone, "it is not in Visma any longer".to_owned());
    }
    if held.is_detached {
        return found(Code::ReferenceRemoved, "its external reference in Visma is not ours any longer".to_owned());
    }
    let (booked, shown) = match (&record.prediction, &held.shown) {
        (Ok(Some(booked)), Some(shown)) => (booked, shown),
        (Ok(None), _) => return found(INCOMPLETE, "our record does not say which total was booked".to_owned()),
        (Err(why), _) => return found(INCOMPLETE, why.clone()),
        (_, None) => return found(INCOMPLETE, "what was last read of it in Visma cannot be read".to_owned()),
    };
    let compared = compare::compare(booked, shown);
    if compared.is_incomplete() {
        found(INCOMPLETE, "Visma's list does not show its total and VAT".to_owned());
    }
    for difference in compared.differences {
        found(difference.part.code(), difference.sentence);
    }
    report.pinning.note(&record.number, compared.pins);
}

fn drift(record: &Booked, number: &str, code: Code, sentence: String) -> Drift {
    Drift { entity: record.entity, number: number.to_owned(), reference: record.reference.clone(), code, sentence }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn booked(number: &str, reference: &str) -> Booked {
        Booked {
            entity: Entity::Invoice,
            key: String::new(),
            number: number.to_owned(),
            reference: reference.to_owned(),
            stands: true,
            is_settled: true,
            prediction: Ok(Some(compare::Booked {
                total: Decimal::new(25_000, 2),
                currency: "NOK".to_owned(),
                date: Some("2026-11-22".to_owned()),
                ..compare::Booked::default()
            })),
            removed: Vec::new(),
        }
    }

    fn held(number: &str, reference: &str) -> Held {
        Held { reference: reference.to_owned(), shown: Some(shown()), ..Held::new(Entity::Invoice, number) }
    }

    fn shown() -> Shown {
        Shown {
            totals: Some((Decimal::new(250, 0), Decimal::new(250, 0))),
            currency: Some("NOK".to_owned()),
            date: Some("2026-11-22".to_owned()),
            ..Shown::default()
        }
    }

    fn found(booked: &[Booked], held: &[Held]) -> Vec<(Code, String)> {
        compare(booked, held).drifts.into_iter().map(|drift| (drift.code, drift.number)).collect()
    }

    #[test]
    fn what_is_as_it_was_booked_is_not_listed() {
        let report = compare(&[booked("1", "WEB-1"), booked("2", "WEB-2")], &[held("1", "WEB-1")]);
        assert_eq!(report, Report { booked: 2, unread: 1, ..Report::default() });
    }

    #[test]
    fn each_difference_has_its_code() {
        let ours = [booked("1", "WEB-1")];
        let one = |held: Held| found(&ours, &[held]);
        let first = || held("1", "WEB-1");
        assert_eq!(one(Held { is_gone: true, ..first() }), [(Code::DocumentGone, "1".to_owned())]);
        assert_eq!(one(Held { is_detached: true, ..first() }), [(Code::ReferenceRemoved, "1".to_owned())]);
        let showing = |shown: Shown| one(Held { shown: Some(shown), ..first() });
        let dear = Some((Decimal::new(25_001, 2), Decimal::new(300, 0)));
        assert_eq!(showing(Shown { totals: dear, ..shown() }), [(Code::TotalDiffers, "1".to_owned())]);
        let euro = Some("EUR".to_owned());
        assert_eq!(showing(Shown { currency: euro, ..shown() }), [(Code::CurrencyDiffers, "1".to_owned())]);
        let (dear, later) = (dear, Some("2026-12-01".to_owned()));
        let both = Shown { totals: dear, date: later, ..shown() };
        let codes: Vec<_> = showing(both).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, [Code::TotalDiffers, Code::DateDiffers]);
        let unreadable = [(Code::VerificationIncomplete, "1".to_owned())];
        assert_eq!(one(Held { shown: None, ..first() }), unreadable);
        assert_eq!(showing(Shown { totals: None, ..shown() }), unreadable);
        let spoilt = Booked { prediction: Err("it cannot be read".to_owned()), ..booked("1", "WEB-1") };
        assert_eq!(found(&[spoilt], &[first()]), unreadable);
        assert_eq!(found(&ours, &[first(), held("2", "WEB-1")]), [(Code::DuplicateDocument, "1".to_owned())]);
        assert_eq!(found(&ours, &[first(), held("2", "WEB-2")]), [(Code::UnknownReference, "2".to_owned())]);
        let refused = [Booked { stands: false, number: String::new(), ..booked("", "WEB-1") }];
        assert_eq!(found(&refused, &[first()]), [(Code::DocumentUnknown, "1".to_owned())]);
    }

    #[test]
    fn what_we_removed_or_do_not_know_yet_is_no_difference() {
        let again = Booked { removed: vec!["1".to_owned()], ..booked("2", "WEB-1") };
        assert_eq!(found(&[again], &[held("1", "WEB-1"), held("2", "WEB-1")]), []);
        let in_doubt = Booked { stands: false, is_settled: false, ..booked("", "WEB-1") };
        assert_eq!(found(&[in_doubt], &[held("1", "WEB-1")]), []);
        let gone = Held { is_gone: true, ..held("2", "WEB-1") };
        assert_eq!(found(&[booked("1", "WEB-1")], &[held("1", "WEB-1"), gone]), []);
    }
}
