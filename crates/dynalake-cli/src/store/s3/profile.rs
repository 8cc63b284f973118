//! The profiles of the AWS tools: `~/.aws/config` and `~/.aws/credentials`
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>).

use super::environment::variable;
use std::collections::HashMap;
use std::env;
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// A section's settings.
pub(super) type Section = HashMap<String, String>;

/// The profiles of this user.
#[derive(Default)]
pub(super) struct Profiles {
    by_name: HashMap<String, Section>,
    sso_sessions: HashMap<String, Section>,
    chosen: String,
}

impl fmt::Debug for Profiles {
    // They hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiles").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

impl Profiles {
    /// Reads the files. They may be missing, unless `AWS_PROFILE` names a profile.
    pub(super) fn read() -> Result<Profiles, String> {
        let named = variable("AWS_PROFILE");
        let mut profiles = Profiles {
            chosen: named.clone().unwrap_or_else(|| "default".into()),
            ..Profiles::default()
        };
        let config = path("AWS_CONFIG_FILE", "config");
        let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        profiles.add(&text(config.as_ref())?, true);
        profiles.add(&text(credentials.as_ref())?, false);
        if let Some(name) = named
            && !profiles.by_name.contains_key(&name)
        {
            let files = [config, credentials].into_iter().flatten();
            let files: Vec<_> = files.map(|path| path.display().to_string()).collect();
            return Err(format!(
                "AWS_PROFILE is \"{}\", and neither of {} has that profile; `aws configure \
                 list-profiles` prints those that there are",
                name.escape_default(),
                files.join(" and ")
            ));
        }
        Ok(profiles)
    }

    /// The name of the profile that is used.
    pub(super) fn chosen_name(&self) -> &str {
        &self.chosen
    }

    /// The profile that is used, if it is there.
    pub(super) fn chosen(&self) -> Option<&Section> {
        self.get(&self.chosen)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Section> {
        self.by_name.get(name)
    }

    pub(super) fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// Adds a file; what comes later goes first.
    fn add(&mut self, text: &str, is_config: bool) {
        let mut section: Option<&mut Section> = None;
        for line in text.lines() {
            // Nested settings are indented.
            if line.trim().is_empty() || line.starts_with(['#', ';', ' ', '\t']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let title = rest.split(']').next().unwrap_or_default().trim();
                let (kind, name) = title.split_once([' ', '\t']).unwrap_or(("", title));
                let name = name.trim().trim_matches(['"', '\'']).to_owned();
                section = match kind {
                    "" if !is_config || name == "default" => Some(&mut self.by_name),
                    "profile" if is_config => Some(&mut self.by_name),
                    "sso-session" if is_config => Some(&mut self.sso_sessions),
                    _ => None,
                }
                .map(|sections| sections.entry(name).or_default());
            } else if let (Some(section), Some((name, value))) =
                (&mut section, line.split_once('='))
            {
                let comment = value.find(" #").or_else(|| value.find(" ;")).unwrap_or(value.len());
                let value = value[..comment].trim();
                if !value.is_empty() {
                    section.insert(name.trim().to_ascii_lowercase(), value.to_owned());
                }
            }
        }
    }
}

fn path(setting: &str, name: &str) -> Option<PathBuf> {
    let path = variable(setting).unwrap_or_else(|| format!("~/.aws/{name}"));
    match path.strip_prefix("~/") {
        Some(below) => Some(env::home_dir()?.join(below)),
        None => Some(path.into()),
    }
}

fn text(path: Option<&PathBuf>) -> Result<String, String> {
    let Some(path) = path else { return Ok(String::new()) };
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(format!("can't read {}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_both_files_are_one_profile() {
        let mut profiles = Profiles::default();
        profiles.add(
            "# a comment\n[default]\nregion = eu-west-1 # inline\n\n[profile dev]\nregion=us-east-2\n\
             s3 =\n  addressing_style = path\ncredential_process = tool --name \"a b\"\n\
             [sso-session corp]\nsso_region = eu-central-1\n[other]\nregion = nowhere\n",
            true,
        );
        profiles.add("[dev]\r\nAWS_Access_Key_ID = AKIA=\r\n[profile no]\nregion = x\n", false);
        let dev = profiles.get("dev").unwrap();
        assert_eq!(dev["region"], "us-east-2");
        assert_eq!(dev["aws_access_key_id"], "AKIA=");
        assert_eq!(dev["credential_process"], "tool --name \"a b\"");
        assert!(!dev.contains_key("addressing_style"), "it belongs to s3");
        assert_eq!(profiles.get("default").unwrap()["region"], "eu-west-1");
        assert_eq!(profiles.sso_session("corp").unwrap()["sso_region"], "eu-central-1");
        assert!(profiles.get("other").is_none() && profiles.get("no").is_none());
    }
}
