//! The walk over the text: canonical content is written on the way, strings that are to be sealed are noted.
//!
//! An object's fields are written in the order of the text and put into the order of their names when its end is
//! reached.

use std::ops::Range;

use jiter::{Jiter, JiterError, Peek};
use serde_json::Value;

use super::readable::{At, Readable};
use super::{Known, RecordError, Rules, unescaped};
use crate::vault;

/// Levels of objects and lists: an order has about ten.
pub(super) const DEEPEST: usize = 100;

pub(super) struct Walk<'a> {
    text: &'a str,
    json: Jiter<'a>,
    rules: &'a Rules,
    known: Known,
    /// Names of the objects that the walk stands in, and of the fields that they have shown so far.
    names: String,
    fields: Vec<Field>,
    /// Where the walk stands: the name of each level, none for an element of a list.
    path: Vec<Range<usize>>,
    /// Which of the person's paths has been found.
    person_found: usize,
    sorted: String,
}

/// A field that has been written: its name in `names`, its value in the content.
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

/// Knowledge of the walk about the place that it is inside of.
#[derive(Clone, Copy)]
struct Inside {
    level: usize,
    at: At,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str, rules: &'a Rules) -> Self {
        let mut known = Known::default();
        known.content.reserve(text.len());
        let person_found = usize::MAX;
        let (names, fields, path, sorted) = Default::default();
        Self { text, json: Jiter::new(text.as_bytes()), rules, known, names, fields, path, person_found, sorted }
    }

    pub(super) fn run(mut self) -> Result<Known, RecordError> {
        let peek = self.json.peek().map_err(syntax)?;
        self.value(peek, Inside { level: 0, at: Readable::top() })?;
        self.json.finish().map_err(syntax)?;
        Ok(self.known)
    }

    fn value(&mut self, peek: Peek, inside: Inside) -> Result<(), RecordError> {
        if inside.level > DEEPEST {
            return Err(RecordError::TooDeep);
        }
        match peek {
            Peek::Object => self.object(inside),
            Peek::Array => self.list(inside),
            Peek::String => self.string(inside),
            _ => {
                let start = self.json.current_index();
                self.json.known_skip(peek).map_err(syntax)?;
                let literal = self.text.get(start..self.json.current_index()).unwrap_or_default();
                match peek {
                    Peek::True | Peek::False | Peek::Null => self.known.content.push_str(literal),
                    _ => super::number::write(literal, &mut self.known.content),
                }
                Ok(())
            }
        }
    }

    fn string(&mut self, inside: Inside) -> Result<(), RecordError> {
        let start = self.json.current_index() + 1;
        self.json.known_bytes().map_err(syntax)?;
        let at = start..self.json.current_index().saturating_sub(1);
        let raw = self.text.get(at.clone()).unwrap_or_default();
        self.see_person(raw);
        // Somebody typed the mark of a sealed string: it is sealed, or it would be taken for one.
        if !raw.is_empty() && (!inside.at.is_readable || vault::is_marked(raw)) {
            self.known.personal.push(at);
        }
        quoted(raw, &mut self.known.content);
        Ok(())
    }

    fn list(&mut self, inside: Inside) -> Result<(), RecordError> {
        let inner = Inside { level: inside.level + 1, ..inside };
        self.known.content.push('[');
        self.path.push(0..0);
        let mut next = self.json.known_array().map_err(syntax)?;
        let mut is_first = true;
        while let Some(peek) = next {
            if !std::mem::take(&mut is_first) {
                self.known.content.push(',');
            }
            self.value(peek, inner)?;
            next = self.json.array_step().map_err(syntax)?;
        }
        self.path.pop();
        self.known.content.push(']');
        Ok(())
    }

    fn object(&mut self, inside: Inside) -> Result<(), RecordError> {
        let (start, first_field, first_name) = (self.known.content.len(), self.fields.len(), self.names.len());
        let mut more = match self.json.next_object_bytes().map_err(syntax)? {
            Some(name) => Some(push_name(&mut self.names, name)),
            None => None,
        };
        while let Some(name) = more {
            self.field(name, inside)?;
            more = match self.json.next_key_bytes().map_err(syntax)? {
                Some(name) => Some(push_name(&mut self.names, name)),
                None => None,
            };
        }
        self.sort(start, first_field);
        self.fields.truncate(first_field);
        self.names.truncate(first_name);
        Ok(())
    }

    fn field(&mut self, name: Range<usize>, inside: Inside) -> Result<(), RecordError> {
        let peek = self.json.peek().map_err(syntax)?;
        let text = self.names.get(name.clone()).unwrap_or_default();
        let is_volatile =
            self.rules.volatile.contains(&text) || inside.level == 0 && self.rules.volatile_at_top.contains(&text);
        let at = self.rules.readable.under(inside.at, text);
        let start = self.known.content.len();
        self.path.push(name.clone());
        self.value(peek, Inside { level: inside.level + 1, at })?;
        self.path.pop();
        if is_volatile || peek == Peek::Null {
            self.known.content.truncate(start);
        } else {
            self.fields.push(Field { name, value: start..self.known.content.len() });
        }
        Ok(())
    }

    /// Puts the fields written since `start` into an object, by their names.
    fn sort(&mut self, start: usize, first_field: usize) {
        let Self { fields, names, known, sorted, .. } = self;
        let name = |field: &Field| names.get(field.name.clone()).unwrap_or_default();
        let fields = fields.get_mut(first_field..).unwrap_or_default();
        fields.sort_by(|one, other| name(one).cmp(name(other)));
        sorted.clear();
        for field in &*fields {
            sorted.push(if sorted.is_empty() { '{' } else { ',' });
            spelled(name(field), sorted);
            sorted.push(':');
            sorted.push_str(known.content.get(field.value.clone()).unwrap_or_default());
        }
        sorted.push_str(if sorted.is_empty() { "{}" } else { "}" });
        known.content.truncate(start);
        known.content.push_str(sorted);
    }

    /// Notes the person's address, if the walk stands where one is.
    fn see_person(&mut self, raw: &str) {
        let stands_at = |path: &&[&str]| {
            path.len() == self.path.len()
                && path.iter().zip(&self.path).all(|(name, at)| self.names.get(at.clone()) == Some(*name))
        };
        let Some(found) = self.rules.person.iter().position(stands_at) else { return };
        let address = unescaped(raw).trim().to_lowercase();
        if found < self.person_found && !address.is_empty() {
            self.person_found = found;
            self.known.person = Some(address);
        }
    }
}

/// A name, as written, behind the others; returns where it stands.
fn push_name(names: &mut String, raw: &[u8]) -> Range<usize> {
    let start = names.len();
    // It is part of a text, so it is UTF-8.
    names.push_str(&unescaped(std::str::from_utf8(raw).unwrap_or_default()));
    start..names.len()
}

/// A string as the content has it: in quotes, each character in the one way in which a writer of JSON has it.
fn quoted(raw: &str, out: &mut String) {
    if raw.contains('\\') {
        return spelled(&unescaped(raw), out);
    }
    out.push('"');
    out.push_str(raw);
    out.push('"');
}

fn spelled(text: &str, out: &mut String) {
    if text.contains(|c: char| c < ' ' || c == '"' || c == '\\') {
        out.push_str(&Value::from(text).to_string());
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

fn syntax(error: JiterError) -> RecordError {
    RecordError::Syntax(error.to_string())
}
