//! A mapping file held against what the two systems hold: what would be refused one day is said today.
//!
//! Rules are compared, not orders. A rule that asks for what a survey does not know (an SKU, a payment method) is taken
//! for one that may hold, so that nothing is said that may be wrong.

mod books;
mod sales;
mod shop;

pub(crate) use shop::lacks;

use crate::file::{Mapping, called};
use crate::rules::Place;
use crate::scope::Scope;
use crate::survey::Survey;

/// First character of every answer that is not given yet.
pub(crate) const QUESTION: char = '?';

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The list or table of the file, or of the system, that it is about.
    pub list: &'static str,
    /// Key path of the value that is wrong, lists counted from 1: `vat[6]`. Empty where something is missing.
    pub path: String,
    /// Its line in the file, from 1; absent where something is missing.
    pub line: Option<usize>,
    /// Sentence about what is wrong, for an accountant.
    pub sentence: String,
}

impl Finding {
    /// About something that the file lacks.
    pub fn new(list: &'static str, sentence: impl Into<String>) -> Self {
        Self { list, path: String::new(), line: None, sentence: sentence.into() }
    }

    /// At its place in the file.
    pub(crate) fn at(self, place: &Place) -> Self {
        Self { path: place.path.clone(), line: Some(place.line), ..self }
    }

    /// The place and what is wrong there, as people say it: "the 6th [[vat]] rule: …".
    #[must_use]
    pub fn told(&self) -> String {
        match self.path.is_empty() {
            true => format!("{}: {}", self.list, self.sentence),
            false => format!("{}: {}", called(&self.path), self.sentence),
        }
    }
}

impl Mapping {
    /// The questions that the file still has: values that begin with `?`, as a first file has them.
    pub fn questions(&self) -> Vec<Finding> {
        let asked = self.values().into_iter().filter(|(_, _, value)| value.starts_with(QUESTION));
        let told = |(list, place, value): (&'static str, Option<&Place>, &str)| {
            let sentence = format!("the question `{value}` is not answered: replace it by the answer");
            let finding = Finding::new(list, sentence);
            place.map_or(finding.clone(), |place| finding.at(place))
        };
        asked.map(told).collect()
    }

    /// Compares the file with what the two systems hold, for orders in scope, and returns what does not fit. Questions
    /// are not counted again.
    pub fn held_against(&self, survey: &Survey, scope: &Scope) -> Vec<Finding> {
        let mut findings = books::differences(self, &survey.books);
        findings.extend(shop::differences(self, &survey.shop, scope));
        findings.dedup();
        findings
    }

    /// Tries the file on the latest orders and credit memos of the shop, and returns what it would refuse, by code.
    /// Refusals that every other file would make too are left out.
    pub fn rehearsed(&self, survey: &Survey, scope: &Scope) -> Vec<Finding> {
        survey.shop.sales.as_ref().map_or_else(Vec::new, |sales| sales::refused(self, sales, scope))
    }

    /// Checks whether the file has rules of a list that may be left to Visma: `dimension`, `branch`, `customer_class`,
    /// `terms`, `vat_zone`, `payments`. It has rules of every other list.
    pub fn chooses(&self, list: &str) -> bool {
        match list {
            "dimension" => !self.dimensions.is_empty(),
            "branch" => !self.branches.0.is_empty(),
            "customer_class" => !self.customer_classes.0.is_empty(),
            "terms" => !self.terms.0.is_empty(),
            "vat_zone" => !self.vat_zones.0.is_empty(),
            "payments" => self.settles(),
            _ => true,
        }
    }

    /// Every value that a first file may ask for, by its list.
    fn values(&self) -> Vec<(&'static str, Option<&Place>, &str)> {
        let base = self.place("company.base_currency");
        let mut values: Vec<(&'static str, Option<&Place>, &str)> = vec![("company", base, &self.base_currency)];
        let methods = self.place("payment.methods");
        values.extend(self.payment.questions.iter().map(|method| ("payment", methods, method.as_str())));
        let texts = [
            ("account", &self.accounts),
            ("branch", &self.branches),
            ("customer_class", &self.customer_classes),
            ("terms", &self.terms),
            ("vat_zone", &self.vat_zones),
        ];
        for (list, rules) in texts {
            values.extend(rules.0.iter().map(|rule| (list, Some(&rule.place), rule.value.as_str())));
        }
        values.extend(self.vat.0.iter().map(|rule| ("vat", Some(&rule.place), rule.value.code.as_str())));
        for rules in self.dimensions.values() {
            values.extend(rules.0.iter().map(|rule| ("dimension", Some(&rule.place), rule.value.as_str())));
        }
        for rule in &self.payments.0 {
            let place = Some(&rule.place);
            values.push(("payments", place, rule.value.method.as_str()));
            values.push(("payments", place, rule.value.cash_account.as_str()));
        }
        values
    }
}

#[cfg(test)]
mod tests;
