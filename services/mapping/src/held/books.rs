//! Differences between what the mapping file names in Visma and what Visma holds.

use std::collections::BTreeMap;

use super::{Finding, QUESTION};
use crate::file::{Mapping, PinVat};
use crate::rules::{Place, Rules};
use crate::survey::{Books, Entry, Segment};

pub(super) fn differences(mapping: &Mapping, books: &Books) -> Vec<Finding> {
    let mut found = Vec::new();
    accounts(mapping, books, &mut found);
    vat(mapping, books, &mut found);
    if let Some(segments) = &books.segments {
        dimensions(mapping, segments, &mut found);
    }
    let lists = [
        ("branch", "branch", &mapping.branches, &books.branches),
        ("customer_class", "customer class", &mapping.customer_classes, &books.classes),
        ("terms", "credit terms", &mapping.terms, &books.terms),
        ("vat_zone", "VAT zone", &mapping.vat_zones, &books.vat_zones),
    ];
    for (list, called, rules, known) in lists {
        entries(list, called, texts(rules), known.as_deref(), &mut found);
    }
    let payments = || mapping.payments.0.iter().rev().map(|rule| (&rule.value, &rule.place));
    let methods = payments().map(|(settled, place)| (settled.method.as_str(), place)).collect();
    entries("payments", "payment method", methods, books.payment_methods.as_deref(), &mut found);
    let accounts = payments().map(|(settled, place)| (settled.cash_account.as_str(), place)).collect();
    entries("payments", "cash account", accounts, books.cash_accounts.as_deref(), &mut found);
    currencies(mapping, books, &mut found);
    pins(mapping, books, &mut found);
    found
}

/// Values of a list, each with the first place that it stands in.
type Named<'m> = BTreeMap<&'m str, &'m Place>;

/// The values of a list of rules.
fn texts(rules: &Rules<String>) -> Named<'_> {
    rules.0.iter().rev().map(|rule| (rule.value.as_str(), &rule.place)).collect()
}

fn entries(list: &'static str, called: &str, named: Named<'_>, known: Option<&[Entry]>, found: &mut Vec<Finding>) {
    let Some(known) = known else { return };
    for (value, place) in named.into_iter().filter(|(value, _)| !value.starts_with(QUESTION)) {
        match known.iter().find(|entry| entry.key == value) {
            None => found.push(Finding::new(list, format!("Visma has no {called} `{value}`")).at(place)),
            Some(entry) if !entry.active => {
                let sentence = format!("the {called} `{value}` ({}) is not active in Visma", entry.name);
                found.push(Finding::new(list, sentence).at(place));
            }
            Some(_) => {}
        }
    }
}

fn accounts(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(accounts) = &books.accounts else { return };
    let plain: Vec<Entry> = accounts.iter().map(|account| account.entry.clone()).collect();
    let named = texts(&mapping.accounts);
    for account in accounts {
        if let (Some(ledger), Some(place)) = (&account.ledger, named.get(account.entry.key.as_str())) {
            let Entry { key, name, .. } = &account.entry;
            let sentence =
                format!("only the ledger {ledger} posts on the account `{key}` ({name}): no line can name it");
            found.push(Finding::new("account", sentence).at(place));
        }
    }
    entries("account", "account", named, Some(&plain), found);
}

fn vat(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(vat) = &books.vat else { return };
    let plain: Vec<Entry> = vat.iter().map(|vat| vat.entry.clone()).collect();
    let codes: Named<'_> = mapping.vat.0.iter().rev().map(|rule| (rule.value.code.as_str(), &rule.place)).collect();
    for known in vat {
        let code = &known.entry.key;
        let Some(place) = codes.get(code.as_str()) else { continue };
        if !known.output {
            let sentence =
                format!("the VAT id `{code}` ({}) is of purchases: no invoice can name it", known.entry.name);
            found.push(Finding::new("vat", sentence).at(place));
        }
        let mapped = mapping.vat.0.iter().find(|rule| rule.value.code == *code).map(|rule| rule.value.rate);
        if let (Some(mapped), Some(rate)) = (mapped, known.rate)
            && mapped != rate
        {
            let (mapped, rate) = (mapped.normalize(), rate.normalize());
            let sentence = format!("the VAT id `{code}` computes {rate} % in Visma, and the file says {mapped} %");
            found.push(Finding::new("vat", sentence).at(place));
        }
    }
    entries("vat", "VAT id", codes, Some(&plain), found);
}

fn dimensions(mapping: &Mapping, segments: &[Segment], found: &mut Vec<Finding>) {
    if mapping.dimensions.is_empty() {
        return; // Visma's own default subaccount.
    }
    for segment in segments.iter().filter(|segment| !mapping.dimensions.contains_key(&segment.number)) {
        let sentence = format!(
            "segment {} ({}) of the subaccount has no rule, and Visma takes all segments or none",
            segment.number, segment.name
        );
        found.push(Finding::new("dimension", sentence));
    }
    for (number, rules) in &mapping.dimensions {
        match segments.iter().find(|segment| segment.number == *number) {
            None => found.push(Finding::new("dimension", format!("the subaccount has no segment {number} in Visma"))),
            Some(segment) if segment.closed => {
                let called = format!("value of segment {number} ({})", segment.name);
                entries("dimension", &called, texts(rules), Some(&segment.values), found);
            }
            Some(_) => {}
        }
    }
}

/// A finding at the place of a key, if the file has it.
fn placed(mapping: &Mapping, path: &str, finding: Finding) -> Finding {
    mapping.place(path).map_or(finding.clone(), |place| finding.at(place))
}

/// VAT that is set on documents and not kept is other VAT than was predicted; and a trial ends with its first answer.
fn pins(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let sentence = match (mapping.totals.pin_vat, books.keeps_pins) {
        (PinVat::Always | PinVat::Try, Some(false)) => {
            "verified documents show that Visma computes VAT anew, whatever is set on them: write pin_vat = false"
        }
        (PinVat::Try, Some(true)) => {
            "verified documents show that Visma keeps VAT that is set on them: write pin_vat = true"
        }
        (PinVat::Always | PinVat::Try, None) | (PinVat::Always, Some(true)) | (PinVat::Never, _) => return,
    };
    found.push(placed(mapping, "totals.pin_vat", Finding::new("totals", sentence)));
}

fn currencies(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(known) = &books.currencies else { return };
    if let Some(base) = known.iter().find(|currency| currency.is_base)
        && base.code != mapping.base_currency
    {
        let sentence = format!("the books are kept in {}, and the file says {}", base.code, mapping.base_currency);
        found.push(placed(mapping, "company.base_currency", Finding::new("company", sentence)));
    }
    for (code, mapped) in &mapping.currencies {
        match known.iter().find(|currency| currency.code == *code) {
            None => {
                let finding = Finding::new("currency", format!("Visma does not have the currency {code}"));
                found.push(placed(mapping, &format!("currency.{code}"), finding));
            }
            Some(currency) => {
                if let Some(decimals) = currency.decimals.filter(|decimals| *decimals != mapped.decimals) {
                    let sentence =
                        format!("{code} has {decimals} decimals in Visma, and {} in the file", mapped.decimals);
                    found.push(placed(mapping, &format!("currency.{code}"), Finding::new("currency", sentence)));
                }
            }
        }
    }
}
