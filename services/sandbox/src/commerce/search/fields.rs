//! `fields=items[increment_id,entity_id],total_count`: the answer trimmed to what was asked for.
//!
//! It works on the text, so that literals stay as they are. What PHP's arrays lose is lost here too: an object of which
//! nothing is left is shown as `[]`, and a list of no rows as `null`.

use crate::commerce::text;

/// Names to keep, each with the names to keep below it (all of it, when there are none).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, Fields)>);

impl Fields {
    /// Reads the parameter. `None` for one that is empty or has other signs than names, brackets and commas.
    pub(crate) fn parse(parameter: &str) -> Option<Self> {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '[' | ']' | ',');
        if parameter.is_empty() || !parameter.chars().all(allowed) {
            return None;
        }
        let mut rest = parameter;
        Some(Self::level(&mut rest))
    }

    fn level(rest: &mut &str) -> Self {
        let mut fields = Vec::new();
        loop {
            let end = rest.find(['[', ']', ',']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at(end);
            *rest = tail;
            let below = match rest.strip_prefix('[') {
                Some(inside) => {
                    *rest = inside;
                    Self::level(rest)
                }
                None => Self::default(),
            };
            if !name.is_empty() {
                fields.push((name.to_owned(), below));
            }
            match rest.strip_prefix(',') {
                Some(tail) => *rest = tail,
                None => {
                    *rest = rest.strip_prefix(']').unwrap_or_default();
                    return Self(fields);
                }
            }
        }
    }

    /// This JSON text with only those fields.
    pub(crate) fn trim(&self, json: &str) -> String {
        if self.0.is_empty() {
            return json.to_owned();
        }
        let inner: Vec<String> = if json.starts_with('[') {
            text::elements(json).into_iter().map(|element| self.trim(element)).collect()
        } else {
            text::members(json).into_iter().filter_map(|member| self.kept(json, &member)).collect()
        };
        match (json.starts_with('{'), inner.is_empty()) {
            (true, false) => format!("{{{}}}", inner.join(",")),
            (true, true) => "[]".to_owned(),
            (false, _) if json.starts_with('[') => format!("[{}]", inner.join(",")),
            (false, _) => json.to_owned(),
        }
    }

    fn kept(&self, json: &str, member: &text::Member) -> Option<String> {
        let (_, below) = self.0.iter().find(|(name, _)| *name == member.name)?;
        let value = json.get(member.value.clone())?;
        let kept = match (member.name.as_str(), value) {
            ("items", "[]") => "null".to_owned(),
            _ => below.trim(value),
        };
        Some(format!("{}:{kept}", serde_json::Value::from(member.name.as_str())))
    }
}
