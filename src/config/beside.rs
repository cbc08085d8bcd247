//! The file `environment` beside the settings: variables for those who keep secrets out of the TOML.
//! systemd gives them to the service (`EnvironmentFile=`); a command that somebody types reads them
//! itself, so that it means the same.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::load::PREFIX;

/// The longest such file.
const LONGEST: u64 = 64 * 1024;

/// Variables with their values, in the order of the file.
pub(super) type Variables = Vec<(String, String)>;

/// Where it is.
pub(super) fn path(settings: &Path) -> PathBuf {
    settings.with_file_name("environment")
}

/// Our variables in it; none where there is no such file.
///
/// # Errors
/// Why it cannot be read, and what to do.
pub(super) fn read(path: &Path) -> Result<Variables, String> {
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Ok(Vec::new()),
        Ok(meta) if meta.len() > LONGEST => return Err(format!("has more than {LONGEST} bytes.")),
        _ => {}
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(parse(&text)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Err(format!(
            "cannot be read by this user, and what is in it would be missing. Run: chown root:dassie \
             {path} && chmod 640 {path}",
            path = path.display()
        )),
        Err(e) => Err(format!("cannot be read: {e}.")),
    }
}

/// Lines as systemd.exec(5) has them: `NAME=value`, quotes around a value go, `#` and `;` begin a
/// remark. Other programs' variables are nothing to us.
fn parse(text: &str) -> Variables {
    let variables = text.lines().filter_map(|line| line.trim().split_once('='));
    variables
        .map(|(name, value)| (name.trim_end().to_owned(), bare(value.trim()).to_owned()))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect()
}

fn bare(value: &str) -> &str {
    let quoted = |mark| value.strip_prefix(mark).and_then(|rest: &str| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_systemd_reads_them() {
        let text = "# a remark\n; DASSIE_NO=1\n\nDASSIE_A=plain # and more\n DASSIE_B = \"in quotes\" \n\
                    DASSIE_C='a=b'\nPATH=/bin\nDASSIE_D\nDASSIE_E=\n#DASSIE_F=1\nDASSIE_A=again";
        let found: Vec<(String, String)> = parse(text);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("DASSIE_A", "plain # and more"),
                ("DASSIE_B", "in quotes"),
                ("DASSIE_C", "a=b"),
                ("DASSIE_E", ""),
                ("DASSIE_A", "again"),
            ]
        );
    }

    #[test]
    fn it_lies_beside_the_settings() {
        assert_eq!(
            path(Path::new("/etc/dassie/dassie.toml")),
            Path::new("/etc/dassie/environment")
        );
        assert_eq!(path(Path::new("dassie.toml")), Path::new("environment"));
    }
}
