//! Ordered rules: the first one whose conditions all hold decides.
//!
//! One matcher serves every list of the mapping file (accounts, VAT codes, dimensions, …), so that an accountant
//! learns it once: conditions of one rule are joined by *and*, the values of one condition by *or*, a rule without
//! conditions always holds.

use std::fmt;

use globset::GlobSet;
use rust_decimal::Decimal;

/// Kind of a line, by what the line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LineKind {
    /// Goods or services.
    Item,
    /// Shipping and handling.
    Shipping,
    /// Discount, where it is booked on lines of its own.
    Discount,
    /// Discount that the shop did not take off what it taxed.
    UntaxedDiscount,
    /// A fee that an app put on the order.
    Fee,
    /// Gift wrap and printed card.
    GiftWrap,
    /// Fixed product tax (an electronics or battery fee).
    Fpt,
    /// Paid with a gift card.
    GiftCard,
    /// Paid with store credit.
    StoreCredit,
    /// Paid with reward points.
    Reward,
    /// Refunded beyond the rows of a credit memo.
    AdjustmentRefund,
    /// Kept back of a refund.
    AdjustmentFee,
    /// Difference that closes the gap to the order's total.
    Rounding,
}

impl LineKind {
    /// Every kind with its name in the mapping file.
    pub(crate) const NAMES: [(&'static str, Self); 13] = [
        ("item", Self::Item),
        ("shipping", Self::Shipping),
        ("discount", Self::Discount),
        ("untaxed_discount", Self::UntaxedDiscount),
        ("fee", Self::Fee),
        ("gift_wrap", Self::GiftWrap),
        ("fpt", Self::Fpt),
        ("gift_card", Self::GiftCard),
        ("store_credit", Self::StoreCredit),
        ("reward", Self::Reward),
        ("adjustment_refund", Self::AdjustmentRefund),
        ("adjustment_fee", Self::AdjustmentFee),
        ("rounding", Self::Rounding),
    ];

    /// Kinds that an account or VAT rule speaks of when it names no line: what is sold. The others are liabilities,
    /// other people's taxes and differences; a default rule must not turn them into revenue unseen.
    pub(crate) const SOLD: [Self; 3] = [Self::Item, Self::Shipping, Self::Discount];

    /// Lines that carry no VAT: money that was taxed when it came in, what Commerce refunds without tax, discount that
    /// left the tax as it was, and differences. One word in the mapping file, `outside_vat`.
    pub(crate) const UNTAXED: [Self; 7] = [
        Self::UntaxedDiscount,
        Self::GiftCard,
        Self::StoreCredit,
        Self::Reward,
        Self::AdjustmentRefund,
        Self::AdjustmentFee,
        Self::Rounding,
    ];

    /// Kinds that the shop may charge VAT on, at 0 % too: one word in the mapping file, `taxable`.
    pub(crate) const TAXABLE: [Self; 6] =
        [Self::Item, Self::Shipping, Self::Discount, Self::Fpt, Self::GiftWrap, Self::Fee];

    /// Every word for lines in the mapping file: one for each kind, and two that stand for several.
    pub(crate) fn words() -> Vec<(&'static str, &'static [Self])> {
        let several: [(&str, &[Self]); 2] = [("taxable", &Self::TAXABLE), ("outside_vat", &Self::UNTAXED)];
        Self::NAMES.iter().map(|(name, kind)| (*name, std::slice::from_ref(kind))).chain(several).collect()
    }

    /// The name in the mapping file.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for LineKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Facts that are known when a rule is looked for. Those of a line are absent while the whole order is asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) line: Option<LineKind>,
    pub(crate) sku: Option<&'a str>,
    pub(crate) product_type: Option<&'a str>,
    pub(crate) tax_rate: Option<Decimal>,
    pub(crate) tax_classes: Vec<&'a str>,
    pub(crate) store: Option<&'a str>,
    pub(crate) website: Option<u64>,
    pub(crate) customer_group: Option<u64>,
    pub(crate) country: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) payment_method: &'a str,
}

/// The conditions of one rule. An empty list asks for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct When {
    pub(crate) line: Vec<LineKind>,
    pub(crate) sku: Option<GlobSet>,
    pub(crate) product_type: Vec<String>,
    pub(crate) tax_rate: Vec<Decimal>,
    pub(crate) tax_class: Vec<String>,
    pub(crate) store: Vec<String>,
    pub(crate) website: Vec<u64>,
    pub(crate) customer_group: Vec<u64>,
    pub(crate) country: Vec<String>,
    pub(crate) currency: Vec<String>,
    pub(crate) payment_method: Option<GlobSet>,
}

impl When {
    /// Checks whether all conditions hold. A condition on a fact that is absent does not hold.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        one_of(&self.line, facts.line.as_ref())
            && self.sku.as_ref().is_none_or(|globs| facts.sku.is_some_and(|sku| globs.is_match(sku)))
            && one_of_texts(&self.product_type, facts.product_type)
            && one_of(&self.tax_rate, facts.tax_rate.as_ref())
            && (self.tax_class.is_empty()
                || facts.tax_classes.iter().any(|class| one_of_texts(&self.tax_class, Some(class))))
            && one_of_texts(&self.store, facts.store)
            && one_of(&self.website, facts.website.as_ref())
            && one_of(&self.customer_group, facts.customer_group.as_ref())
            && one_of_texts(&self.country, Some(facts.country))
            && one_of_texts(&self.currency, Some(facts.currency))
            && self.payment_method.as_ref().is_none_or(|globs| globs.is_match(facts.payment_method))
    }

    /// Checks whether nothing is asked for besides the kind of line.
    pub(crate) fn is_default(&self) -> bool {
        self.sku.is_none()
            && self.product_type.is_empty()
            && self.tax_rate.is_empty()
            && self.tax_class.is_empty()
            && self.store.is_empty()
            && self.website.is_empty()
            && self.customer_group.is_empty()
            && self.country.is_empty()
            && self.currency.is_empty()
            && self.payment_method.is_none()
    }

    /// Checks whether the rule can hold for this kind of line.
    pub(crate) fn speaks_of(&self, kind: LineKind) -> bool {
        one_of(&self.line, Some(&kind))
    }
}

fn one_of<T: PartialEq>(wanted: &[T], fact: Option<&T>) -> bool {
    wanted.is_empty() || fact.is_some_and(|fact| wanted.contains(fact))
}

fn one_of_texts(wanted: &[String], fact: Option<&str>) -> bool {
    wanted.is_empty() || fact.is_some_and(|fact| wanted.iter().any(|one| one == fact))
}

/// Where something stands in the mapping file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// Key path, lists counted from 1: `vat[6]`.
    pub(crate) path: String,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// One rule: when its conditions hold, this is the value.
#[derive(Debug, Clone)]
pub(crate) struct Rule<T> {
    pub(crate) place: Place,
    pub(crate) when: When,
    pub(crate) value: T,
}

/// Rules in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Rules<T>(pub(crate) Vec<Rule<T>>);

impl<T> Default for Rules<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Rules<T> {
    /// The value of the first rule that holds.
    pub(crate) fn find(&self, facts: &Facts<'_>) -> Option<&T> {
        self.0.iter().find(|rule| rule.when.holds(facts)).map(|rule| &rule.value)
    }
}
