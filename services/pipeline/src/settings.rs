//! Settings come from three places, later ones winning: the shipped default file, the operator's file, and environment
//! variables named `ML__SECTION__KEY`. `ML__SECTION__KEY_FILE` names a file that holds the value: containers get their
//! secrets as files, since an environment is shown to whoever may look at the container.
//!
//! Each service decides what its sections mean; this module reads, merges and refuses. An unknown key is refused with
//! the nearest known one, because a misspelt `go_live` that is silently ignored would invoice history. The settings
//! that each connection has of its own are read by `connections`.

pub mod connections;
mod span;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, File, FileFormat};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use problem::{Code, Problem};
pub use span::Span;

/// Prefix of environment variables that override a key.
const PREFIX: &str = "ML__";

/// Where settings come from.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// Text of the shipped default file; it holds every key.
    pub default: &'a str,
    /// The operator's file, if one is given.
    pub file: Option<PathBuf>,
    /// The process environment, or a test's.
    pub environment: BTreeMap<String, String>,
}

/// Settings from all their sources, merged.
#[derive(Debug, Clone)]
pub struct Merged {
    config: Config,
    /// Where they come from, in words, for a sentence about what is wrong with them.
    origin: String,
}

impl<'a> Sources<'a> {
    /// The default file, `file`, and this process's environment.
    pub fn process(default: &'a str, file: Option<PathBuf>) -> Self {
        Self { default, file, environment: std::env::vars().collect() }
    }

    /// Merges the sources and reads them as `T`.
    ///
    /// # Errors
    /// `SETTINGS_UNREADABLE` when the file is missing or is no TOML, `SETTINGS_INVALID` for an unknown key or a wrong
    /// type.
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.merge(&self.read()?)?.load()
    }

    /// The operator's file as TOML; empty without one.
    fn read(&self) -> Result<toml::Table, Problem> {
        self.file.as_deref().map_or_else(|| Ok(toml::Table::new()), read_table)
    }

    /// Merges what all connections share: the default file, the operator's without their sections, the environment.
    fn merge(&self, file: &toml::Table) -> Result<Merged, Problem> {
        let origin = self
            .file
            .as_deref()
            .map_or_else(String::new, |f| format!(" (from {}, the defaults or the environment)", f.display()));
        let mut common = file.clone();
        common.remove(connections::SECTION);
        let builder = Config::builder().add_source(File::from_str(self.default, FileFormat::Toml));
        let builder = builder.add_source(File::from_str(&common.to_string(), FileFormat::Toml));
        let variables = self.environment.iter().filter_map(|(name, text)| {
            let variable = name.strip_prefix(PREFIX)?;
            (!name.starts_with(connections::PREFIX)).then_some((name.as_str(), variable, text.as_str()))
        });
        Ok(Merged { config: build(builder, &self.known()?, variables, &origin)?, origin })
    }

    /// The default file, which has every key.
    fn known(&self) -> Result<toml::Table, Problem> {
        self.default.parse().map_err(|e: toml::de::Error| {
            Problem::new(Code::SettingsUnreadable, format!("(default settings): {e}"), "report it")
        })
    }
}

impl Merged {
    /// Reads them as `T`.
    ///
    /// # Errors
    /// `SETTINGS_INVALID` for an unknown key or a wrong type.
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.config.clone().try_deserialize().map_err(|e| {
            let message = wrong_word::<T>(self.config.clone()).unwrap_or_else(|| e.to_string());
            invalid(&message, &self.origin)
        })
    }

    /// As TOML, secrets in clear: what changes of them are seen by.
    ///
    /// # Errors
    /// As [`Merged::load`].
    pub fn table(&self) -> Result<toml::Table, Problem> {
        self.config.clone().try_deserialize().map_err(|e| invalid(&e.to_string(), &self.origin))
    }

    /// As TOML, secrets masked: what `ml-connector config` prints.
    ///
    /// # Errors
    /// As [`Merged::load`].
    pub fn masked(&self) -> Result<toml::Table, Problem> {
        let mut table = toml::Value::Table(self.table()?);
        mask(&mut table);
        let toml::Value::Table(table) = table else { return Ok(toml::Table::new()) };
        Ok(table)
    }
}

/// A TOML file.
fn read_table(path: &Path) -> Result<toml::Table, Problem> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Problem::new(
            Code::SettingsUnreadable,
            format!("the settings file {} could not be read: {e}", path.display()),
            "give the right path with --config or ML_CONFIG",
        )
    })?;
    text.parse().map_err(|e: toml::de::Error| {
        // The library shows the line itself, which may be one with a secret.
        let line = e.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        Problem::new(
            Code::SettingsUnreadable,
            format!("{}{line}: {}", path.display(), e.message()),
            "correct the TOML at the place named",
        )
    })
}

/// Puts variables, each with its whole name, over what was merged so far.
fn build<'v>(
    mut builder: ConfigBuilder<DefaultState>,
    known: &toml::Table,
    variables: impl Iterator<Item = (&'v str, &'v str, &'v str)>,
    origin: &str,
) -> Result<Config, Problem> {
    for (name, variable, text) in variables {
        let (key, value) = match held_by_a_file(known, variable) {
            Some(variable) if !text.is_empty() => overriding(known, variable, &read_value(name, text)?),
            Some(_) => continue,
            None => overriding(known, variable, text),
        };
        builder = builder.set_override(&key, value).map_err(|e| invalid(&format!("{name}: {e}"), origin))?;
    }
    builder.build().map_err(|e| invalid(&e.to_string(), origin))
}

/// The key that an environment variable means, and its default if there is one. A shell's variables have no hyphens, so
/// `_` stands for one where the key has one.
fn meant<'t>(known: &'t toml::Table, variable: &str) -> (String, Option<&'t toml::Value>) {
    let mut section = Some(known);
    let mut default = None;
    let mut key = Vec::new();
    for part in variable.to_lowercase().split("__") {
        let found =
            section.and_then(|table| table.iter().find(|(name, _)| name.replace('-', "_") == part.replace('-', "_")));
        key.push(found.map_or_else(|| part.to_owned(), |(name, _)| name.clone()));
        default = found.map(|(_, value)| value);
        section = default.and_then(toml::Value::as_table);
    }
    (key.join("."), default)
}

/// The variable whose value stands in a file, if this one names that file. A key that ends in `_file` is none such.
fn held_by_a_file<'v>(known: &toml::Table, variable: &'v str) -> Option<&'v str> {
    let value = variable.strip_suffix("_FILE")?;
    (meant(known, variable).1.is_none() && meant(known, value).1.is_some()).then_some(value)
}

/// Returns the content of the file at `path`, without the end of its last line.
fn read_value(name: &str, path: &str) -> Result<Zeroizing<String>, Problem> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| {
        Problem::new(
            Code::SettingsUnreadable,
            format!("the file {path} that {name} names could not be read: {e}"),
            "give its path, and let the user that the service runs as read it",
        )
    })?);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The key that an environment variable means, and its value. The environment holds no lists, so the items of one are
/// separated by commas.
fn overriding(known: &toml::Table, variable: &str, text: &str) -> (String, config::Value) {
    let (key, default) = meant(known, variable);
    let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned);
    let typed = match default {
        Some(toml::Value::Array(_)) => Some(config::Value::from(items().collect::<Vec<_>>())),
        Some(toml::Value::Integer(_)) => text.parse::<i64>().ok().map(config::Value::from),
        Some(toml::Value::Boolean(_)) => text.parse::<bool>().ok().map(config::Value::from),
        _ => None,
    };
    (key, typed.unwrap_or_else(|| config::Value::from(text)))
}

/// Returns a sentence on a word that a setting does not know: `config` calls it wrong, but names none that it knows.
fn wrong_word<T: DeserializeOwned>(merged: Config) -> Option<String> {
    let table: toml::Value = merged.try_deserialize().ok()?;
    let error = serde_path_to_error::deserialize::<_, T>(table).err()?;
    let message = error.inner().message();
    message.starts_with("unknown variant").then(|| {
        let known = message.split('`').skip(3).step_by(2).map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
        let word = message.split('`').nth(1).unwrap_or_default();
        format!("{}: \"{word}\" is none of {}", error.path(), known.join(", "))
    })
}

fn invalid(message: &str, origin: &str) -> Problem {
    let remedy = nearest_known(message).map_or_else(
        || "correct the value; `ml-connector config` prints what is in force".to_owned(),
        |name| format!("did you mean `{name}`? `ml-connector config` prints every key"),
    );
    Problem::new(Code::SettingsInvalid, format!("{message}{origin}"), remedy)
}

/// Finds the known key nearest to an unknown one in serde's own words: "unknown field `x`, expected one of `a`, `b`".
fn nearest_known(message: &str) -> Option<String> {
    let rest = message.split_once("unknown field `")?.1;
    let (unknown, rest) = rest.split_once('`')?;
    let mut best: Option<(f64, &str)> = None;
    for known in rest.split('`').skip(1).step_by(2) {
        let likeness = strsim::jaro_winkler(unknown, known);
        if best.is_none_or(|(score, _)| likeness > score) {
            best = Some((likeness, known));
        }
    }
    best.filter(|(score, _)| *score > 0.6).map(|(_, known)| known.to_owned())
}

/// Addresses, one or several with commas, whose user and password are masked.
fn without_user(urls: &str) -> String {
    let masked = urls.split(',').map(|url| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        match rest.get(..end).and_then(|authority| authority.rfind('@')) {
            Some(at) => format!("{scheme}://********{}", rest.get(at..).unwrap_or_default()),
            None => url.to_owned(),
        }
    });
    masked.collect::<Vec<_>>().join(",")
}

fn mask(value: &mut toml::Value) {
    match value {
        toml::Value::Table(table) => {
            for (key, inner) in table.iter_mut() {
                let secret =
                    ["secret", "password", "master_key", "token", "nkey_seed"].iter().any(|w| key.ends_with(w));
                match inner {
                    toml::Value::String(text) if secret && !text.is_empty() => "********".clone_into(text),
                    toml::Value::String(text) if text.contains("://") => *text = without_user(text),
                    other => mask(other),
                }
            }
        }
        toml::Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
