//! A mapping file held against what the two systems hold: what would be refused one day is said today.
//!
//! Rules are compared, not orders. A rule that asks for what a survey does not know (an SKU, a payment method) is taken
//! for one that may hold, so that nothing is said that may be wrong.

mod books;
mod shop;

pub(crate) use shop::lacks;

use crate::file::Mapping;
use crate::scope::Scope;
use crate::survey::Survey;

/// What every answer begins with that is not given yet.
pub(crate) const QUESTION: char = '?';

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The list or table of the file, or of the system, that it is about.
    pub list: &'static str,
    /// What is wrong, for an accountant.
    pub sentence: String,
}

impl Finding {
    pub(crate) fn new(list: &'static str, sentence: impl Into<String>) -> Self {
        Self { list, sentence: sentence.into() }
    }
}

impl Mapping {
    /// The questions that the file still has: values that begin with `?`, as a first file has them.
    pub fn questions(&self) -> Vec<Finding> {
        let asked = self.values().into_iter().filter(|(_, value)| value.starts_with(QUESTION));
        asked
            .map(|(list, value)| Finding::new(list, format!("`{value}` is a question and waits for its answer")))
            .collect()
    }

    /// What does not fit what the two systems hold, of orders in scope. Questions are not counted again.
    pub fn held_against(&self, survey: &Survey, scope: &Scope) -> Vec<Finding> {
        let mut findings = books::differences(self, &survey.books);
        findings.extend(shop::differences(self, &survey.shop, scope));
        findings.dedup();
        findings
    }

    /// Every value that a first file may ask for, by its list.
    fn values(&self) -> Vec<(&'static str, &str)> {
        let mut values: Vec<(&'static str, &str)> = vec![("company", &self.base_currency)];
        values.extend(self.payment.questions.iter().map(|method| ("payment", method.as_str())));
        let texts = [
            ("account", &self.accounts),
            ("branch", &self.branches),
            ("customer_class", &self.customer_classes),
            ("terms", &self.terms),
            ("vat_zone", &self.vat_zones),
        ];
        for (list, rules) in texts {
            values.extend(rules.0.iter().map(|rule| (list, rule.value.as_str())));
        }
        values.extend(self.vat.0.iter().map(|rule| ("vat", rule.value.code.as_str())));
        for rules in self.dimensions.values() {
            values.extend(rules.0.iter().map(|rule| ("dimension", rule.value.as_str())));
        }
        for rule in &self.payments.0 {
            values.extend([("payments", rule.value.method.as_str()), ("payments", rule.value.cash_account.as_str())]);
        }
        values
    }
}

#[cfg(test)]
mod tests;
