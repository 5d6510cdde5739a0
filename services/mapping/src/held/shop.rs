//! Differences between what the shop holds and what the mapping file knows.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::Finding;
use crate::file::Mapping;
use crate::rules::{LineKind, When};
use crate::scope::Scope;
use crate::seen::Seen;
use crate::survey::{Shop, ShopStore, TaxRate};

pub(super) fn differences(mapping: &Mapping, shop: &Shop, scope: &Scope) -> Vec<Finding> {
    let mut found = Vec::new();
    let seen = Seen::of(shop, mapping);
    if let Some(stores) = &shop.stores {
        let ours: Vec<&ShopStore> = stores.iter().filter(|store| is_in_scope(store, scope)).collect();
        self::stores(mapping, stores, &ours, scope, &mut found);
        currencies(mapping, &ours, &mut found);
    }
    if let Some(rates) = &shop.tax_rates {
        tax_rates(mapping, rates, &mut found);
    }
    if !mapping.payment.accept_others {
        let methods = &mapping.payment.methods;
        for (method, orders) in seen.methods.iter().filter(|(method, _)| !methods.is_match(method.as_str())) {
            let sentence = format!(
                "{orders} of the latest orders are paid by `{method}`, which payment.methods does not list: they are \
                 refused"
            );
            found.push(Finding::new("payment", sentence));
        }
    }
    if let Some(groups) = &shop.groups {
        let known: BTreeSet<u64> = groups.iter().map(|group| group.id).collect();
        let asked: BTreeSet<u64> = conditions(mapping).flat_map(|when| when.customer_group.iter().copied()).collect();
        for id in asked.difference(&known) {
            let sentence = format!("a rule asks for the customer group {id}, which the shop does not have");
            found.push(Finding::new("when", sentence));
        }
    }
    found
}

fn is_in_scope(store: &ShopStore, scope: &Scope) -> bool {
    (scope.stores.is_empty() || scope.stores.contains(&store.id))
        && (scope.websites.is_empty() || scope.websites.contains(&store.website))
}

fn stores(mapping: &Mapping, all: &[ShopStore], ours: &[&ShopStore], scope: &Scope, found: &mut Vec<Finding>) {
    if !mapping.stores.is_empty() || !scope.websites.is_empty() {
        for store in ours.iter().filter(|store| mapping.store(store.id).is_none()) {
            let sentence = format!("store {} (`{}`) has no [[store]]: its orders are refused", store.id, store.code);
            found.push(Finding::new("store", sentence));
        }
    }
    for mapped in &mapping.stores {
        let Some(store) = all.iter().find(|store| store.id == mapped.id) else {
            found.push(Finding::new("store", format!("the shop has no store {} (`{}`)", mapped.id, mapped.code)));
            continue;
        };
        if let Some(website) = mapped.website.filter(|website| *website != store.website) {
            let sentence =
                format!("store {} belongs to website {}, and the file says {website}", store.id, store.website);
            found.push(Finding::new("store", sentence));
        }
    }
}

fn currencies(mapping: &Mapping, ours: &[&ShopStore], found: &mut Vec<Finding>) {
    for store in ours {
        if let Some(code) = store.currency.as_ref().filter(|code| !mapping.currencies.contains_key(*code)) {
            let sentence =
                format!("store {} sells in {code}, which [currency] does not list: its orders are refused", store.id);
            found.push(Finding::new("currency", sentence));
        }
    }
}

/// Each rate that the shop may charge needs a VAT id that computes it, for what is sold and for its shipping.
fn tax_rates(mapping: &Mapping, rates: &[TaxRate], found: &mut Vec<Finding>) {
    for rate in rates.iter().filter(|rate| rate.used) {
        if let Some(line) = lacks(mapping, rate) {
            let (code, percent, country) = (&rate.code, rate.rate.normalize(), &rate.country);
            let sentence = format!(
                "no VAT id is named for {percent} % in {country} (the shop's `{code}`), for lines of kind {line}: put it \
                 into [vat_codes.{country}]"
            );
            found.push(Finding::new("vat", sentence));
        }
    }
}

/// The kind of line for which no VAT rule gives this rate; of what is sold and its shipping the first.
pub(crate) fn lacks(mapping: &Mapping, rate: &TaxRate) -> Option<LineKind> {
    let fits = |line: LineKind| {
        let may = |when: &When| may_hold(mapping, when, line, rate);
        mapping.vat.0.iter().any(|rule| may(&rule.when) && rule.value.rate == rate.rate)
    };
    [LineKind::Item, LineKind::Shipping].into_iter().find(|line| !fits(*line))
}

/// Checks whether a rule may hold for a line of this kind, taxed by this rate. A condition that the rate cannot answer
/// is taken to fit.
fn may_hold(mapping: &Mapping, when: &When, line: LineKind, rate: &TaxRate) -> bool {
    let one_of = |wanted: &[Decimal]| wanted.is_empty() || wanted.contains(&rate.rate);
    let in_class = |name: &String| {
        let class = mapping.tax_classes.iter().find(|class| class.name == *name);
        class.is_some_and(|class| class.tax_codes.is_match(&rate.code) || !class.skus.is_empty())
    };
    when.speaks_of(line)
        && one_of(&when.tax_rate)
        && (when.country.is_empty() || when.country.contains(&rate.country))
        && (when.tax_class.is_empty() || when.tax_class.iter().any(in_class))
}

/// The conditions of every rule.
fn conditions(mapping: &Mapping) -> impl Iterator<Item = &When> {
    let texts = [&mapping.accounts, &mapping.branches, &mapping.customer_classes, &mapping.terms, &mapping.vat_zones];
    let texts = texts.into_iter().chain(mapping.dimensions.values());
    let texts = texts.flat_map(|rules| rules.0.iter().map(|rule| &rule.when));
    let vat = mapping.vat.0.iter().map(|rule| &rule.when);
    texts.chain(vat).chain(mapping.payments.0.iter().map(|rule| &rule.when))
}
