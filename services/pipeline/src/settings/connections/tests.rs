use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

use super::super::Sources;
use super::Whole;
use problem::{Code, Problem};

const DEFAULT: &str = r#"
connection = "main"
connections_dir = ""
[log]
level = "info"
[vendor]
url = "http://default"
pages = 100
client_secret = ""
[vendor.poll]
interval = "2m"
overlap = "1m"
"#;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Poll {
    interval: String,
    overlap: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendor {
    url: String,
    pages: u32,
    client_secret: String,
    poll: Poll,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    connection: String,
    connections_dir: String,
    log: toml::Table,
    vendor: Vendor,
}

/// A folder with a settings file, and files of connections beside it.
struct Folder(PathBuf);

impl Folder {
    fn new(settings: &str, files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ml-connections-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join("companies")).unwrap();
        std::fs::write(folder.join("ml-connector.toml"), settings).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join("companies").join(name), text).unwrap();
        }
        Self(folder)
    }

    fn whole(&self, environment: &[(&str, &str)]) -> Result<Whole, Problem> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sources { default: DEFAULT, file: Some(self.0.join("ml-connector.toml")), environment }.whole()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn of(whole: &Whole, name: &str) -> Result<All, Problem> {
    whole.connections[name].clone().and_then(|own| own.merged.load())
}

#[test]
fn a_connection_overrides_what_is_common_key_by_key() {
    let settings = "connections_dir = \"companies\"\n[vendor]\npages = 50\n[vendor.poll]\ninterval = \"3m\"\n\
                    [connections.no.vendor]\nurl = \"http://no\"\n";
    let file = "[vendor]\nurl = \"http://se\"\n[vendor.poll]\noverlap = \"9m\"\n";
    let folder = Folder::new(settings, &[("se-2.toml", file), ("README", "no file of settings")]);
    let whole = folder
        .whole(&[
            ("ML__VENDOR__PAGES", "60"),
            ("ML__VENDOR__URL", "http://environment"),
            ("ML__CONNECTIONS__SE_2__VENDOR__POLL__INTERVAL", "7m"),
        ])
        .unwrap();
    assert!(whole.several);
    assert_eq!(whole.connections.keys().collect::<Vec<_>>(), ["no", "se-2"]);
    let (no, se) = (of(&whole, "no").unwrap(), of(&whole, "se-2").unwrap());
    assert_eq!((no.connection.as_str(), no.vendor.url.as_str(), no.vendor.pages), ("no", "http://no", 60));
    assert_eq!((no.vendor.poll.interval.as_str(), no.vendor.poll.overlap.as_str()), ("3m", "1m"));
    assert_eq!((se.connection.as_str(), se.vendor.url.as_str()), ("se-2", "http://se"));
    assert_eq!((se.vendor.poll.interval.as_str(), se.vendor.poll.overlap.as_str()), ("7m", "9m"));
    let own = whole.connections["se-2"].as_ref().unwrap();
    assert!(own.names("vendor", "url") && !own.names("vendor", "pages"));
    assert_eq!(own.file.as_deref().and_then(Path::file_name).unwrap(), "se-2.toml");
}

#[test]
fn a_file_without_sections_is_one_connection() {
    let folder = Folder::new("connection = \"Shop_1\"\n[vendor]\npages = 7\n", &[]);
    let whole = folder.whole(&[("ML__CONNECTIONS__SHOP_1__VENDOR__PAGES", "8")]).unwrap();
    assert!(!whole.several);
    assert_eq!(whole.connections.keys().collect::<Vec<_>>(), ["Shop_1"]);
    assert_eq!(of(&whole, "Shop_1").unwrap().vendor.pages, 8);
}

#[test]
fn what_belongs_to_the_installation_is_refused_in_a_connection_and_the_others_are_read() {
    let settings = "[connections.no.log]\nlevel = \"debug\"\n[connections.se]\n";
    let whole = Folder::new(settings, &[]).whole(&[]).unwrap();
    let problem = of(&whole, "no").unwrap_err();
    assert_eq!(problem.code, Code::SettingsInvalid);
    assert!(problem.sentence.contains("`log` belongs to the whole installation"), "{problem}");
    assert!(
        problem.sentence.contains("connection `no`") && problem.sentence.contains("ml-connector.toml"),
        "{problem}"
    );
    assert!(of(&whole, "se").is_ok());
    let whole = Folder::new("[connections.no]\n", &[]).whole(&[("ML__CONNECTIONS__NO__LOG__LEVEL", "debug")]).unwrap();
    assert!(of(&whole, "no").unwrap_err().sentence.contains("`log`"));
}

#[test]
fn an_unknown_key_of_a_connection_is_refused_with_the_nearest_its_name_and_its_file() {
    let folder = Folder::new("connections_dir = \"companies\"\n", &[("no.toml", "[vendor]\npage = 1\n")]);
    let problem = of(&folder.whole(&[]).unwrap(), "no").unwrap_err();
    assert!(problem.sentence.contains("`no`") && problem.sentence.contains("no.toml"), "{problem}");
    assert!(problem.remedy.contains("`pages`"), "{problem}");
    let folder = Folder::new("connections_dir = \"companies\"\n", &[("no.toml", "vendor = \n"), ("se.toml", "")]);
    let whole = folder.whole(&[]).unwrap();
    let problem = of(&whole, "no").unwrap_err();
    assert_eq!(problem.code, Code::SettingsUnreadable);
    assert!(problem.sentence.contains("no.toml, line 1"), "{problem}");
    assert!(of(&whole, "se").is_ok());
}

#[test]
fn what_would_leave_a_connection_out_in_silence_is_refused() {
    let refused = |settings: &str, files: &[(&str, &str)], environment: &[(&str, &str)]| {
        let problem = Folder::new(settings, files).whole(environment).unwrap_err();
        assert!(matches!(problem.code, Code::SettingsInvalid | Code::SettingsUnreadable), "{problem}");
        problem.to_string()
    };
    assert!(refused("connection = \"main\"\n[connections.se]\n", &[], &[]).contains("[connections.main]"));
    let twice = "connections_dir = \"companies\"\n[connections.se]\n";
    assert!(refused(twice, &[("se.toml", "")], &[]).contains("a section and a file"));
    let unknown = refused("[connections.se]\n", &[], &[("ML__CONNECTIONS__SO__VENDOR__PAGES", "1")]);
    assert!(unknown.contains("ML__CONNECTIONS__SO__VENDOR__PAGES") && unknown.contains("connections are: se"));
    for name in ["Se", "s.e", "-se", "s_e"] {
        assert!(refused(&format!("[connections.\"{name}\"]\n"), &[], &[]).contains("no name for a connection"));
    }
    assert!(refused("connections_dir = \"nowhere\"\n", &[], &[]).contains("nowhere"));
    assert!(Folder::new("[connections.main]\n[connections.se]\n", &[]).whole(&[]).is_ok());
}
