//! What the mapping file names in Visma, against what Visma holds.

use std::collections::BTreeSet;

use super::{Finding, QUESTION};
use crate::file::Mapping;
use crate::rules::Rules;
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
    let payments = || mapping.payments.0.iter().map(|rule| &rule.value);
    let methods = payments().map(|settled| settled.method.as_str()).collect();
    entries("payments", "payment method", methods, books.payment_methods.as_deref(), &mut found);
    let accounts = payments().map(|settled| settled.cash_account.as_str()).collect();
    entries("payments", "cash account", accounts, books.cash_accounts.as_deref(), &mut found);
    currencies(mapping, books, &mut found);
    found
}

/// The values of a list, each once, without questions.
fn texts(rules: &Rules<String>) -> BTreeSet<&str> {
    rules.0.iter().map(|rule| rule.value.as_str()).collect()
}

fn entries(list: &'static str, called: &str, named: BTreeSet<&str>, known: Option<&[Entry]>, found: &mut Vec<Finding>) {
    let Some(known) = known else { return };
    for value in named.into_iter().filter(|value| !value.starts_with(QUESTION)) {
        match known.iter().find(|entry| entry.key == value) {
            None => found.push(Finding::new(list, format!("Visma has no {called} `{value}`"))),
            Some(entry) if !entry.active => {
                found.push(Finding::new(
                    list,
                    format!("the {called} `{value}` ({}) is not active in Visma", entry.name),
                ));
            }
            Some(_) => {}
        }
    }
}

fn accounts(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(accounts) = &books.accounts else { return };
    let plain: Vec<Entry> = accounts.iter().map(|account| account.entry.clone()).collect();
    let named = texts(&mapping.accounts);
    for account in accounts.iter().filter(|account| named.contains(account.entry.key.as_str())) {
        if let Some(ledger) = &account.ledger {
            let Entry { key, name, .. } = &account.entry;
            let sentence =
                format!("only the ledger {ledger} posts on the account `{key}` ({name}): no line can name it");
            found.push(Finding::new("account", sentence));
        }
    }
    entries("account", "account", named, Some(&plain), found);
}

fn vat(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(vat) = &books.vat else { return };
    let plain: Vec<Entry> = vat.iter().map(|vat| vat.entry.clone()).collect();
    let codes: BTreeSet<&str> = mapping.vat.0.iter().map(|rule| rule.value.code.as_str()).collect();
    for known in vat.iter().filter(|known| codes.contains(known.entry.key.as_str())) {
        let code = &known.entry.key;
        if !known.output {
            let sentence =
                format!("the VAT id `{code}` ({}) is of purchases: no invoice can name it", known.entry.name);
            found.push(Finding::new("vat", sentence));
        }
        let mapped = mapping.vat.0.iter().find(|rule| rule.value.code == *code).map(|rule| rule.value.rate);
        if let (Some(mapped), Some(rate)) = (mapped, known.rate)
            && mapped != rate
        {
            let (mapped, rate) = (mapped.normalize(), rate.normalize());
            let sentence = format!("the VAT id `{code}` computes {rate} % in Visma, and the file says {mapped} %");
            found.push(Finding::new("vat", sentence));
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

fn currencies(mapping: &Mapping, books: &Books, found: &mut Vec<Finding>) {
    let Some(known) = &books.currencies else { return };
    if let Some(base) = known.iter().find(|currency| currency.is_base)
        && base.code != mapping.base_currency
    {
        let sentence = format!("the books are kept in {}, and the file says {}", base.code, mapping.base_currency);
        found.push(Finding::new("company", sentence));
    }
    for (code, mapped) in &mapping.currencies {
        match known.iter().find(|currency| currency.code == *code) {
            None => found.push(Finding::new("currency", format!("Visma does not have the currency {code}"))),
            Some(currency) => {
                if let Some(decimals) = currency.decimals.filter(|decimals| *decimals != mapped.decimals) {
                    let sentence =
                        format!("{code} has {decimals} decimals in Visma, and {} in the file", mapped.decimals);
                    found.push(Finding::new("currency", sentence));
                }
            }
        }
    }
}
