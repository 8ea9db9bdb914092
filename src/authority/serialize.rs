//! An estate as data of `serde`: the fields of the estate file, and its digest.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::estate::Estate;
use super::model::Authority;

/// The serialized form. Differences to the estate file: the clock skew is a number of seconds, times
/// are text, hosts are tables, and the digest is a field.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEstate {
    clock_skew: Option<u32>,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    authority: Vec<Authority>,
}

/// Writes `clock_skew` in seconds, `digest`, and the list `authority` with the field names of the
/// estate file. The documentation of [`Estate`] describes the form.
impl Serialize for Estate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Estate", 3)?;
        fields.serialize_field("clock_skew", &self.clock_skew())?;
        fields.serialize_field("digest", &self.digest())?;
        fields.serialize_field("authority", self.authorities())?;
        fields.end()
    }
}

/// Reads the form that the documentation of [`Estate`] describes. Fails as [`Estate::new`] does, and for an
/// unknown field or name: an estate that is understood in part would give wrong verdicts.
impl<'de> Deserialize<'de> for Estate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Estate, D::Error> {
        let stored = StoredEstate::deserialize(from)?;
        let mut estate = Estate::new(stored.authority).map_err(D::Error::custom)?;
        if let Some(seconds) = stored.clock_skew {
            estate = estate.with_clock_skew(seconds);
        }
        if let Some(digest) = stored.digest {
            estate = estate.with_digest(digest);
        }
        Ok(estate)
    }
}
