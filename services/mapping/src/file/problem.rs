//! Problems of a mapping file, worded so that they can be mended without reading our code.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a key path with lists counted from 1: `vat[2].when.tax_rate`. Empty when the text is not TOML.
    pub path: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// Sentence that says what is wrong.
    pub sentence: String,
    /// The known key or value that is nearest to an unknown one.
    pub nearest: Option<String>,
}

impl Problem {
    /// The text is no TOML at all.
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Self { path: String::new(), line, sentence: format!("this is not TOML: {}", error.message()), nearest: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.told())
    }
}

impl Problem {
    /// The place and what is wrong there, without the line.
    #[must_use]
    pub fn told(&self) -> String {
        let place = if self.path.is_empty() { String::new() } else { format!("{}: ", called(&self.path)) };
        let nearest = self.nearest.as_ref().map(|nearest| format!("; did you mean `{nearest}`?"));
        format!("{place}{}{}", self.sentence, nearest.unwrap_or_default())
    }
}

/// How people call the place of a key path: `vat[6].rate` is "the 6th [[vat]] rule, `rate`".
pub(crate) fn called(path: &str) -> String {
    let split = path.split_once('[').and_then(|(list, rest)| rest.split_once(']').map(|(at, key)| (list, at, key)));
    let Some((list, at, key)) = split else { return format!("`{path}`") };
    let ending = match (at.as_bytes(), at.as_bytes().last()) {
        ([.., b'1', _], _) => "th",
        (_, Some(b'1')) => "st",
        (_, Some(b'2')) => "nd",
        (_, Some(b'3')) => "rd",
        _ => "th",
    };
    let noun = if ["store", "tax_class"].contains(&list) { "" } else { " rule" };
    match key.strip_prefix('.') {
        Some(key) => format!("the {at}{ending} [[{list}]]{noun}, `{key}`"),
        None => format!("the {at}{ending} [[{list}]]{noun}"),
    }
}

/// Everything that is wrong with a mapping file, in the order of the file's sections; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the mapping file cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(out, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// The line that a byte of a text stands on, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
