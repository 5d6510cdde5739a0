//! The rates that the shop charges, by country: those that a tax rule uses, and those that orders had.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::lists::{listed, quoted};
use super::{Ground, add};
use crate::held;
use crate::rules::LineKind;
use crate::seen::{Line, Lines};
use crate::survey::{Entry, Vat};

/// Rates by country.
type Rates<'a> = BTreeMap<&'a str, BTreeSet<Decimal>>;

/// Countries in which the shop charges VAT, by what it is set up with and by what it sold.
pub(super) fn charged<'g>(ground: &'g Ground<'_>) -> BTreeSet<&'g str> {
    let set = ground.shop.tax_rates.iter().flatten().filter(|rate| rate.used && !rate.rate.is_zero());
    let seen = ground.seen.lines.keys().filter(|line| !line.rate.is_zero());
    set.map(|rate| rate.country.as_str()).chain(seen.map(|line| line.country.as_str())).collect()
}

/// The tables of VAT ids.
pub(super) fn tables(ground: &Ground<'_>) -> String {
    let charged = charged(ground);
    let (mut rates, derived) = wanted(ground);
    // Sold without tax where nothing else is charged is export, and has one table for all countries.
    let mut untaxed = ground.old.is_none();
    for (_, list) in rates.iter_mut().filter(|(country, _)| !charged.contains(*country)) {
        untaxed |= list.remove(&Decimal::ZERO);
    }
    let mut text = String::new();
    for (country, rates) in rates.into_iter().filter(|(_, rates)| !rates.is_empty()) {
        add(&mut text, format_args!("\n[vat_codes.{country}]\n"));
        for rate in rates.into_iter().rev() {
            entry(&mut text, ground, rate, &format!("? {country} {rate}"), country);
        }
    }
    if untaxed {
        text += "\n# Rates that a country's own table does not have: sold without tax, such as export.\n[vat_codes.others]\n";
        entry(&mut text, ground, Decimal::ZERO, "? untaxed", "");
    }
    if !derived.is_empty() {
        text += "\n# Seen on orders, neither in the shop's tax rates nor computed by a VAT id. Tax that no rate above\n# explains is refused:\n";
    }
    for (country, rates) in derived {
        let rates: Vec<String> = rates.iter().map(|rate| format!("{rate} %")).collect();
        add(&mut text, format_args!("#   {country}: {}\n", rates.join(", ")));
    }
    text
}

/// The rates that no rule knows yet, and those that nobody could name a VAT id for.
fn wanted<'g>(ground: &'g Ground<'_>) -> (Rates<'g>, Rates<'g>) {
    let (mut rates, mut derived) = (Rates::new(), Rates::new());
    let set = || ground.shop.tax_rates.iter().flatten().filter(|rate| rate.used);
    let is_new = |rate: &&crate::survey::TaxRate| ground.old.is_none_or(|old| held::lacks(old, rate).is_some());
    for rate in set().filter(|rate| is_country(&rate.country)).filter(is_new) {
        rates.entry(&rate.country).or_default().insert(rate.rate.normalize());
    }
    let lacks = |(line, lines): &(&Line, &Lines)| {
        lines.without_vat > 0
            && LineKind::TAXABLE.contains(&line.kind)
            && !(line.sells_gift_card && line.rate.is_zero())
            && is_country(&line.country)
    };
    for (line, _) in ground.seen.lines.iter().filter(lacks) {
        let known = || set().any(|set| set.country == line.country && set.rate == line.rate);
        let computed =
            || ground.books.vat.as_ref().is_none_or(|list| list.iter().any(|vat| vat.rate == Some(line.rate)));
        let list = if line.rate.is_zero() || known() || computed() { &mut rates } else { &mut derived };
        list.entry(&line.country).or_default().insert(line.rate);
    }
    (rates, derived)
}

fn is_country(country: &str) -> bool {
    country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A rate, with the VAT ids that compute it beside the question; those that are called after the country come first.
fn entry(text: &mut String, ground: &Ground<'_>, rate: Decimal, question: &str, country: &str) {
    let fits = |vat: &&Vat| vat.output && vat.entry.active && vat.rate == Some(rate);
    let mut same: Vec<&Entry> = ground.books.vat.iter().flatten().filter(fits).map(|vat| &vat.entry).collect();
    same.sort_by_key(|entry| country.is_empty() || !entry.key.starts_with(country));
    let answers = listed(same.into_iter(), "no VAT id computes this rate");
    let key = rate.to_string();
    let key = if key.contains('.') { quoted(&key) } else { key };
    add(text, format_args!("{key} = {}    # {answers}\n", quoted(question)));
}
