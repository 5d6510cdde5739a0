//! The comparison, part by part.

use rust_decimal::Decimal;

use super::{Booked, Comparison, Difference, Part, Pins, Shown, ShownVat, pins};
use crate::invoice::TaxDetail;

/// Findings while the parts are gone through.
struct Found {
    differences: Vec<Difference>,
    unseen: Vec<Part>,
}

impl Found {
    fn differs(&mut self, part: Part, sentence: String) {
        self.differences.push(Difference { part, sentence });
    }
}

pub(super) fn compare(booked: &Booked, shown: &Shown) -> Comparison {
    let mut found = Found { differences: Vec::new(), unseen: Vec::new() };
    currency(booked, shown, &mut found);
    total(booked, shown, &mut found);
    let pinned = vat(booked, shown, &mut found);
    accounts(booked, shown, &mut found);
    customer(booked, shown, &mut found);
    date(booked, shown, &mut found);
    found.differences.sort_by_key(|difference| difference.part);
    Comparison { differences: found.differences, unseen: found.unseen, pins: pinned }
}

fn currency(booked: &Booked, shown: &Shown, found: &mut Found) {
    match shown.currency.as_deref().filter(|currency| !currency.is_empty()) {
        _ if booked.currency.is_empty() => {}
        None => found.unseen.push(Part::Currency),
        Some(currency) if currency == booked.currency => {}
        Some(currency) => {
            found.differs(Part::Currency, format!("its currency is {currency}, and {} was booked", booked.currency));
        }
    }
}

fn total(booked: &Booked, shown: &Shown, found: &mut Found) {
    let Some((total, other)) = shown.totals else {
        found.unseen.push(Part::Total);
        return;
    };
    if total != booked.total && other != booked.total {
        let (of, was) = (shown.currency.as_deref().unwrap_or_default(), &booked.currency);
        let sentence = format!("its total is {total} {of}, and {} {was} was booked", booked.total);
        found.differs(Part::Total, sentence);
    }
}

/// Compares the VAT; says what it tells of pins.
fn vat(booked: &Booked, shown: &Shown, found: &mut Found) -> Pins {
    let Some(vat) = booked.vat.as_deref() else { return Pins::Unknown };
    let sum = vat.iter().try_fold(Decimal::ZERO, |sum, one| sum.checked_add(one.vat));
    let has_amounts = !shown.vat.is_empty() && shown.vat.iter().all(|one| one.vat.is_some());
    let by_total = match (shown.vat_totals, sum) {
        _ if has_amounts => None,
        (Some((one, other)), Some(sum)) if one == sum || other == sum => None,
        (Some((one, _)), Some(sum)) => Some(format!("its VAT is {one}, and {sum} was booked")),
        (None, _) | (_, None) => {
            found.unseen.push(Part::Vat);
            None
        }
    };
    let wrong: Vec<String> = match is_in_other_currency(sum, shown) {
        true => codes(vat, &shown.vat),
        false => by_code(vat, &shown.vat),
    };
    if pins::are_overwritten(booked, shown) {
        pinned(vat, shown, found, booked.total);
        return Pins::NotKept;
    }
    let wrong: Vec<String> = wrong.into_iter().chain(by_total).collect();
    if !wrong.is_empty() {
        found.differs(Part::Vat, wrong.join("; "));
    }
    pins::told(booked, shown)
}

/// The amounts by code are the company's, and the document's VAT as a whole says so.
fn is_in_other_currency(booked: Option<Decimal>, shown: &Shown) -> bool {
    let sum = shown.vat.iter().try_fold(Decimal::ZERO, |sum, one| sum.checked_add(one.vat?));
    match (shown.vat_totals, sum, booked) {
        (Some((one, other)), Some(sum), Some(booked)) if one != other => {
            (booked == one && sum == other) || (booked == other && sum == one)
        }
        _ => false,
    }
}

/// The codes alone, where their amounts cannot be compared.
fn codes(booked: &[TaxDetail], shown: &[ShownVat]) -> Vec<String> {
    let missing = booked.iter().filter(|one| !one.taxable.is_zero() && !shown.iter().any(|is| is.code == one.vat_code));
    let strange = shown.iter().filter(|is| !is.taxable.is_zero() && !booked.iter().any(|one| one.vat_code == is.code));
    let missing = missing.map(|one| format!("VAT code {} was booked and is not there", one.vat_code));
    missing.chain(strange.map(|is| format!("VAT code {} is there and was not booked", is.code))).collect()
}

fn by_code(booked: &[TaxDetail], shown: &[ShownVat]) -> Vec<String> {
    if shown.is_empty() {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    let none = |code: &str| TaxDetail { vat_code: code.to_owned(), taxable: Decimal::ZERO, vat: Decimal::ZERO };
    let of = |code: &str| booked.iter().find(|one| one.vat_code == code).cloned().unwrap_or_else(|| none(code));
    let mut codes: Vec<&str> = booked.iter().map(|one| one.vat_code.as_str()).collect();
    codes.extend(shown.iter().map(|is| is.code.as_str()));
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let was = of(code);
        let rows = shown.iter().filter(|is| is.code == code);
        let is = rows.fold((Decimal::ZERO, Some(Decimal::ZERO)), |(taxable, vat), row| {
            let vat = vat.zip(row.vat).map(|(sum, vat)| sum.saturating_add(vat));
            (taxable.saturating_add(row.taxable), vat)
        });
        if is.0 != was.taxable || is.1.is_some_and(|vat| vat != was.vat) {
            let vat = is.1.map(|vat| format!(" with VAT {vat}")).unwrap_or_default();
            let TaxDetail { taxable, vat: booked, .. } = was;
            wrong.push(format!("VAT code {code} has {}{vat}, and {taxable} with VAT {booked} was booked", is.0));
        }
    }
    wrong
}

/// Writes down that Visma has computed what was pinned. A total that differs by just as much differs for this reason.
fn pinned(vat: &[TaxDetail], shown: &Shown, found: &mut Found, booked: Decimal) {
    let mut gap = Decimal::ZERO;
    let mut said = Vec::new();
    for one in vat {
        let Some(is) = shown.vat.iter().find(|is| is.code == one.vat_code).and_then(|is| is.vat) else { continue };
        if is != one.vat {
            gap = gap.saturating_add(is.saturating_sub(one.vat));
            let TaxDetail { vat_code, vat, .. } = one;
            said.push(format!("VAT code {vat_code} has the VAT {is} that Visma computes, and {vat} was pinned"));
        }
    }
    let explained = |total: Decimal| total.checked_sub(booked) == Some(gap);
    if shown.totals.is_some_and(|(total, other)| explained(total) || explained(other)) {
        let total = shown.totals.map(|(total, _)| total).unwrap_or_default();
        found.differences.retain(|difference| difference.part != Part::Total);
        said.push(format!("its total is {total}, and {booked} was booked"));
    }
    found.differs(Part::Pins, said.join("; "));
}

fn accounts(booked: &Booked, shown: &Shown, found: &mut Found) {
    let Some(sums) = booked.accounts.as_deref() else { return };
    if shown.accounts.is_empty() {
        found.unseen.push(Part::Accounts);
        return;
    }
    let mut numbers: Vec<&str> = sums.iter().map(|sum| sum.account.as_str()).collect();
    numbers.extend(shown.accounts.iter().map(|sum| sum.account.as_str()));
    numbers.sort_unstable();
    numbers.dedup();
    let was = |account: &str| sums.iter().find(|sum| sum.account == account).map_or(Decimal::ZERO, |sum| sum.amount);
    let is = |account: &str| shown.accounts.iter().find(|sum| sum.account == account).map(|sum| sum.amounts);
    let is = |account: &str| is(account).unwrap_or_default();
    let agree = numbers.iter().all(|account| is(account).0 == was(account))
        || numbers.iter().all(|account| is(account).1 == was(account));
    if agree {
        return;
    }
    let wrong = numbers.iter().filter(|account| is(account).0 != was(account) && is(account).1 != was(account));
    let wrong: Vec<String> =
        wrong.map(|one| format!("account {one} has {}, and {} was booked", is(one).0, was(one))).collect();
    let sentence =
        if wrong.is_empty() { "its amounts by account do not belong together".to_owned() } else { wrong.join("; ") };
    found.differs(Part::Accounts, sentence);
}

fn customer(booked: &Booked, shown: &Shown, found: &mut Found) {
    let Some(first) = booked.customers.first() else { return };
    match &shown.customer {
        None => found.unseen.push(Part::Customer),
        Some(is) if booked.customers.contains(is) => {}
        Some(is) => {
            found.differs(Part::Customer, format!("its customer is {is}, and it was booked on {first}"));
        }
    }
}

fn date(booked: &Booked, shown: &Shown, found: &mut Found) {
    let Some(was) = &booked.date else { return };
    match &shown.date {
        None => found.unseen.push(Part::Date),
        Some(is) if is == was => {}
        Some(is) => found.differs(Part::Date, format!("its date is {is}, and {was} was booked")),
    }
}
