//! Contents of the latest orders and credit memos of a shop.
//!
//! They are taken apart as they are when they are booked, and each line is asked for with the rules of a mapping file:
//! what a first file must ask about, and what an older one lacks, is read off what the shop did, not off what it could
//! do.

use std::collections::BTreeMap;

use commerce::order::Order;
use rust_decimal::Decimal;

use crate::document::Document;
use crate::file::{Currency, ExchangeRate, Mapping, Store, Totals};
use crate::money::{self, MoneyLine};
use crate::rounding::round;
use crate::rules::{Facts, LineKind};
use crate::survey::{Sales, Shop};
use crate::vat::{self, VatRules};
use crate::{draft, facts, fee};

/// Things that were seen, each with how often.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Orders that were looked at.
    pub(crate) orders: usize,
    /// Credit memos that were looked at.
    pub(crate) credit_memos: usize,
    /// Currencies of orders.
    pub(crate) currencies: BTreeMap<String, usize>,
    /// Payment methods of orders.
    pub(crate) methods: BTreeMap<String, usize>,
    /// How far the tax of a document was from base × rate at most, by the shop's own rounding.
    pub(crate) vat_gap: Decimal,
    /// Countries that decide about VAT.
    pub(crate) countries: BTreeMap<String, usize>,
    /// Lines by what rules ask for first.
    pub(crate) lines: BTreeMap<Line, Lines>,
}

/// Features that lines have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) kind: LineKind,
    /// A gift card that is sold.
    pub(crate) sells_gift_card: bool,
    pub(crate) country: String,
    /// In percent.
    pub(crate) rate: Decimal,
}

/// How many of them there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lines {
    pub(crate) count: usize,
    /// For these no account rule of the file holds.
    pub(crate) without_account: usize,
    /// For these no VAT rule holds, or one of another rate.
    pub(crate) without_vat: usize,
}

impl Seen {
    /// Looks at the sales of a shop with the rules of a file.
    pub(crate) fn of(shop: &Shop, mapping: &Mapping) -> Self {
        let mut seen = Self::default();
        let Some(sales) = &shop.sales else { return seen };
        let mapping = lenient(mapping, shop, sales);
        for order in &sales.orders {
            seen.orders += 1;
            *seen.currencies.entry(order.order_currency_code.clone()).or_default() += 1;
            let method = order.payment.as_ref().map(|payment| payment.method.clone());
            if let Some(method) = method.filter(|method| !method.is_empty()) {
                *seen.methods.entry(method).or_default() += 1;
            }
            if let Ok(document) = Document::of_order(order) {
                seen.look_at(&document, &mapping);
            }
        }
        for (memo, order) in sales.refunds() {
            seen.credit_memos += 1;
            if let Ok(document) = Document::of_credit_memo(memo, order) {
                seen.look_at(&document, &mapping);
            }
        }
        seen
    }

    /// The lines of a document. One whose money cannot be told has none: it is refused whatever the file says.
    fn look_at(&mut self, document: &Document<'_>, mapping: &Mapping) {
        let order = document.order;
        let Ok((facts, currency)) = facts::of_order(order, mapping) else { return };
        *self.countries.entry(facts.country.to_owned()).or_default() += 1;
        let limits = mapping.limits(currency);
        let Ok(fees) = fee::of_document(document, &mapping.fees) else { return };
        let Ok(money) = money::lines(document, &fees, limits) else { return };
        let delivery = facts.country;
        let facts = Facts { country: facts::tax_country(order, mapping).unwrap_or(delivery), ..facts };
        let rules = VatRules { document, mapping, facts: &facts, delivery };
        let Ok(mut lines) = vat::looked_at(&rules, limits, draft::that_stay(money.lines)) else { return };
        let discount: Decimal = lines.iter().map(|line| line.untaxed_discount).sum();
        if !discount.is_zero() {
            lines.push(MoneyLine::single(LineKind::UntaxedDiscount, "Discount", -discount));
        }
        self.vat_gap = self.vat_gap.max(vat_gap(&lines, currency.decimals, limits.rounding));
        for line in &lines {
            let facts = rules.facts(line);
            let free = line.net().is_zero() && line.tax.is_zero();
            let lacks_vat = mapping.vat.find(&facts).is_none_or(|code| code.rate != line.rate && !free);
            let lacks_account = mapping.accounts.find(&facts).is_none();
            let lines = self.lines.entry(told(line, facts.country)).or_default();
            lines.count += 1;
            lines.without_vat += usize::from(lacks_vat);
            lines.without_account += usize::from(lacks_account);
        }
    }

    /// Lines of which this holds.
    pub(crate) fn count(&self, of: impl Fn(&Line, &Lines) -> bool) -> usize {
        self.lines.iter().filter(|(line, lines)| of(line, lines)).map(|(_, lines)| lines.count).sum()
    }
}

/// How far the tax at a rate is from base × rate at most. A gap above `limit` is no rounding: something else is wrong.
fn vat_gap(lines: &[MoneyLine<'_>], decimals: u32, limit: Decimal) -> Decimal {
    let mut by_rate: BTreeMap<Decimal, (Decimal, Decimal)> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.rate.is_zero()) {
        let (base, tax) = by_rate.entry(line.rate.normalize()).or_default();
        *base += round(line.net() + line.untaxed_discount, decimals);
        *tax += line.tax;
    }
    let gaps = by_rate
        .into_iter()
        .map(|(rate, (base, tax))| (round(base * rate / Decimal::ONE_HUNDRED, decimals) - round(tax, decimals)).abs());
    gaps.filter(|gap| *gap <= limit).max().unwrap_or_default()
}

fn told(line: &MoneyLine<'_>, country: &str) -> Line {
    let sells_gift_card = line.kind == LineKind::Item
        && line.item.is_some_and(|item| item.product_type == commerce::order::ProductType::GiftCard);
    Line { kind: line.kind, sells_gift_card, country: country.to_owned(), rate: line.rate.normalize() }
}

/// The file with what would make it refuse an order before its lines are looked at.
fn lenient(mapping: &Mapping, shop: &Shop, sales: &Sales) -> Mapping {
    let mut mapping = mapping.clone();
    mapping.payment.accept_others = true;
    let Totals { rounding_limit, vat_limit, .. } = mapping.totals;
    let other = Currency { decimals: 2, exchange_rate: ExchangeRate::Visma, rounding_limit, vat_limit };
    let orders = sales.orders.iter().chain(&sales.others);
    for code in orders.map(|order: &Order| &order.order_currency_code) {
        mapping.currencies.entry(code.clone()).or_insert(other);
    }
    if !mapping.stores.is_empty() {
        for store in shop.stores.iter().flatten().filter(|store| mapping.store(store.id).is_none()).collect::<Vec<_>>()
        {
            mapping.stores.push(Store { id: store.id, code: store.code.clone(), website: Some(store.website) });
        }
    }
    mapping
}
