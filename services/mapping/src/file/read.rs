//! Reading a TOML document key by key, collecting what is wrong instead of stopping at it.
//!
//! serde stops at the first error and turns `25.5` into a float on the way. This reader keeps the line of every value
//! and the text of every number.

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, line_of};
use crate::rules::Place;

/// A table of the document, with the way to it. An absent table reads as an empty one.
#[derive(Debug, Clone)]
pub(super) struct Table<'t> {
    path: String,
    start: usize,
    entries: Option<&'t DeTable<'t>>,
    /// It is no table but one value of one, and its path is whole.
    leaf: bool,
}

/// Reads tables and remembers problems.
pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Table<'t> {
    /// The whole document.
    pub(super) fn root(entries: &'t DeTable<'t>) -> Self {
        Self { path: String::new(), start: 0, entries: Some(entries), leaf: false }
    }

    /// Path of one of its keys.
    pub(super) fn path_of(&self, key: &str) -> String {
        match (self.path.is_empty(), self.leaf) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    /// One value of it, as the place of what is read off it.
    pub(super) fn leaf(&self, key: &str) -> Self {
        let start = self.get(key).map_or(self.start, |value| value.span().start);
        Self { path: self.path_of(key), start, entries: None, leaf: true }
    }

    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'t str, usize)> {
        self.entries.into_iter().flat_map(|table| table.keys().map(|key| (key.get_ref().as_ref(), key.span().start)))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries?.get(key)
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// Returns the problems that were found, from the top of the file to its end.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    /// Where a table stands.
    pub(super) fn place(&self, table: &Table<'_>) -> Place {
        Place { path: table.path.clone(), line: line_of(self.text, table.start) }
    }

    /// The places of all sections and their keys, and of each of a list.
    pub(super) fn places(&self, root: &Table<'t>) -> Vec<Place> {
        let mut places = Vec::new();
        for (key, _) in root.keys() {
            places.push(self.place(&root.leaf(key)));
            match root.get(key).map(Spanned::get_ref) {
                Some(DeValue::Table(entries)) => {
                    let table = Table { path: key.to_owned(), start: 0, entries: Some(entries), leaf: false };
                    places.extend(table.keys().map(|(key, _)| self.place(&table.leaf(key))));
                }
                Some(DeValue::Array(list)) => places.extend(list.iter().enumerate().map(|(index, entry)| {
                    let line = line_of(self.text, entry.span().start);
                    Place { path: format!("{key}[{}]", index + 1), line }
                })),
                _ => {}
            }
        }
        places
    }

    /// How many problems were found so far.
    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// Remembers a problem with one key of a table.
    pub(super) fn wrong(&mut self, table: &Table<'_>, key: &str, sentence: impl Into<String>) {
        let start = table.get(key).map_or(table.start, |value| value.span().start);
        self.add(table.path_of(key), start, sentence.into(), None);
    }

    /// Remembers a problem with one key of a table, with the word that was probably meant.
    pub(super) fn unknown_word(&mut self, table: &Table<'_>, key: &str, sentence: String, word: &str, known: &[&str]) {
        let start = table.get(key).map_or(table.start, |value| value.span().start);
        self.add(table.path_of(key), start, sentence, nearest(word, known));
    }

    fn add(&mut self, path: String, start: usize, sentence: String, nearest: Option<String>) {
        self.problems.push(Problem { path, line: line_of(self.text, start), sentence, nearest });
    }

    /// Refuses every key of a table that is not among these.
    pub(super) fn known_keys(&mut self, table: &Table<'t>, known: &[&str]) {
        for (key, start) in table.keys().filter(|(key, _)| !known.contains(key)) {
            let sentence = if known.is_empty() { "no key may stand here" } else { "this key is not known" };
            self.add(table.path_of(key), start, sentence.to_owned(), nearest(key, known));
        }
    }

    /// A table within a table; absent, it is empty.
    pub(super) fn table(&mut self, parent: &Table<'t>, key: &str) -> Table<'t> {
        let path = parent.path_of(key);
        let Some(value) = parent.get(key) else {
            return Table { path, start: parent.start, entries: None, leaf: false };
        };
        let DeValue::Table(entries) = value.get_ref() else {
            self.wrong(parent, key, format!("a table is expected here, not {}", kind_of(value.get_ref())));
            return Table { path, start: value.span().start, entries: None, leaf: false };
        };
        Table { path, start: value.span().start, entries: Some(entries), leaf: false }
    }

    /// A list of tables, as `[[key]]` writes it.
    pub(super) fn tables(&mut self, parent: &Table<'t>, key: &str) -> Vec<Table<'t>> {
        let Some(value) = parent.get(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            let found = kind_of(value.get_ref());
            self.wrong(parent, key, format!("a list of tables `[[{key}]]` is expected here, not {found}"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, entry) in list.iter().enumerate() {
            let path = format!("{}[{}]", parent.path_of(key), index + 1);
            match entry.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(Table { path, start: entry.span().start, entries: Some(entries), leaf: false });
                }
                other => {
                    let sentence = format!("a table is expected here, not {}", kind_of(other));
                    self.add(path, entry.span().start, sentence, None);
                }
            }
        }
        tables
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, table: &Table<'t>, key: &str) -> Option<String> {
        self.one(table, key, "a text in quotes", text_of)
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, table: &Table<'t>, key: &str) -> Option<String> {
        self.required(table, key);
        self.text(table, key)
    }

    /// A number, with the digits that the file has.
    pub(super) fn number(&mut self, table: &Table<'t>, key: &str) -> Option<Decimal> {
        self.one(table, key, "a number", number_of)
    }

    /// A whole number from zero up.
    pub(super) fn id(&mut self, table: &Table<'t>, key: &str) -> Option<u64> {
        self.one(table, key, "a whole number", id_of)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, table: &Table<'t>, key: &str) -> Option<bool> {
        self.one(table, key, "`true` or `false`", |value| match value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    /// A flag, or a word for neither: then it is the inner `None`.
    pub(super) fn flag_or(&mut self, table: &Table<'t>, key: &str, word: &str) -> Option<Option<bool>> {
        self.one(table, key, &format!("`true`, `false` or `\"{word}\"`"), |value| match value {
            DeValue::Boolean(flag) => Some(Some(*flag)),
            DeValue::String(text) if text == word => Some(None),
            _ => None,
        })
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, table: &Table<'t>, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text(table, key)?;
        let start = table.get(key).map_or(table.start, |value| value.span().start);
        self.chosen(table.path_of(key), start, &word, choices)
    }

    /// One or several words out of a list.
    pub(super) fn choices<T: Copy>(&mut self, table: &Table<'t>, key: &str, choices: &[(&str, T)]) -> Vec<T> {
        let start = table.get(key).map_or(table.start, |value| value.span().start);
        let words = self.texts(table, key);
        words.iter().filter_map(|word| self.chosen(table.path_of(key), start, word, choices)).collect()
    }

    fn chosen<T: Copy>(&mut self, path: String, start: usize, word: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let sentence = format!("`{word}` is none of {}", names.join(", "));
            self.add(path, start, sentence, nearest(word, &names));
        }
        found
    }

    /// A text or a list of texts.
    pub(super) fn texts(&mut self, table: &Table<'t>, key: &str) -> Vec<String> {
        self.many(table, key, "a text or a list of texts", text_of)
    }

    /// A number or a list of numbers.
    pub(super) fn numbers(&mut self, table: &Table<'t>, key: &str) -> Vec<Decimal> {
        self.many(table, key, "a number or a list of numbers", number_of)
    }

    /// A whole number or a list of them.
    pub(super) fn ids(&mut self, table: &Table<'t>, key: &str) -> Vec<u64> {
        self.many(table, key, "a whole number or a list of them", id_of)
    }

    /// Says so when a key is missing.
    pub(super) fn required(&mut self, table: &Table<'t>, key: &str) {
        if table.get(key).is_none() {
            self.wrong(table, key, "this key is missing");
        }
    }

    fn one<T>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = table.get(key)?.get_ref();
        let found = read(value);
        if found.is_none() {
            self.wrong(table, key, format!("{expected} is expected here, not {}", kind_of(value)));
        }
        found
    }

    fn many<T>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        expected: &str,
        read: impl Fn(&DeValue<'t>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = table.get(key).map(Spanned::get_ref) else { return Vec::new() };
        let DeValue::Array(list) = value else {
            return self.one(table, key, expected, read).into_iter().collect();
        };
        if list.is_empty() {
            self.wrong(table, key, "an empty list never matches anything; leave the key out to ask for nothing");
        }
        let mut found = Vec::new();
        for entry in list {
            match read(entry.get_ref()) {
                Some(one) => found.push(one),
                None => {
                    self.wrong(table, key, format!("{expected} is expected here, not {}", kind_of(entry.get_ref())))
                }
            }
        }
        found
    }
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    }
}

fn number_of(value: &DeValue<'_>) -> Option<Decimal> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

fn id_of(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        _ => None,
    }
}

fn kind_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "an empty text".to_owned(),
        DeValue::String(text) => format!("the text \"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(date) => format!("the date {date}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The known word that is nearest to an unknown one, if it is near enough to be meant.
fn nearest(word: &str, known: &[&str]) -> Option<String> {
    let scored = known.iter().map(|candidate| (strsim::normalized_damerau_levenshtein(word, candidate), *candidate));
    let best = scored.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    (best.0 > 0.5).then(|| best.1.to_owned())
}
