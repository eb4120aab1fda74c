//! A value of a column, or a whole row, in PostgreSQL's binary format.

use std::fmt::{self, Display};
use std::io::Write;
use std::ops::Range;

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeStruct, Serializer};
use serde_json::Error;
use sqlx::TypeInfo;
use sqlx::postgres::PgTypeInfo;

/// Microseconds from 1970 to 2000, from where PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// The length that stands for null.
const NULL: i32 = -1;

/// A column of a row type.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) oid: u32,
    pub(super) kind: Kind<'a>,
}

/// How a type's values are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    Bool,
    Int2,
    Int4,
    Int8,
    Float8,
    Text,
    Uuid,
    Time,
    Json,
    Row(&'a [Attribute<'a>]),
    /// Of generated columns.
    Other,
}

impl Kind<'_> {
    pub(super) fn of(sql_type: &PgTypeInfo) -> Self {
        match sql_type.name() {
            "BOOL" => Self::Bool,
            "INT2" => Self::Int2,
            "INT4" => Self::Int4,
            "INT8" => Self::Int8,
            "FLOAT8" => Self::Float8,
            "TEXT" => Self::Text,
            "UUID" => Self::Uuid,
            "TIMESTAMPTZ" => Self::Time,
            "JSON" => Self::Json,
            _ => Self::Other,
        }
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Writes one value; says whether there is one. False stands for null.
pub(super) struct Value<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) out: &'a mut Vec<u8>,
}

impl Value<'_> {
    fn put(self, bytes: &[u8]) -> bool {
        self.out.extend_from_slice(bytes);
        true
    }

    fn integer<T: Copy + Display>(self, value: T) -> Result<bool, Error>
    where
        i16: TryFrom<T>,
        i32: TryFrom<T>,
        i64: TryFrom<T>,
    {
        let too_large = || Error::custom(format_args!("{value} is too large for its column"));
        Ok(match self.kind {
            Kind::Int2 => self.put(&i16::try_from(value).map_err(|_| too_large())?.to_be_bytes()),
            Kind::Int4 => self.put(&i32::try_from(value).map_err(|_| too_large())?.to_be_bytes()),
            Kind::Int8 => self.put(&i64::try_from(value).map_err(|_| too_large())?.to_be_bytes()),
            Kind::Time => {
                let micros = i64::try_from(value).map_err(|_| too_large())?;
                self.put(&micros.saturating_sub(EPOCH).to_be_bytes())
            }
            _ => return self.refuse(),
        })
    }

    fn refuse<T>(self) -> Result<T, Error> {
        Err(Error::custom(format_args!("a field is written to a column of another type: {:?}", self.kind)))
    }
}

/// A row that is being written: its values so far, and where each column's value is.
pub(super) struct RowValue<'a> {
    attributes: &'a [Attribute<'a>],
    values: Vec<u8>,
    places: Vec<Option<Range<usize>>>,
    /// The column after the last one written: fields mostly have the order of the columns.
    next: usize,
    out: &'a mut Vec<u8>,
}

impl SerializeStruct for RowValue<'_> {
    type Ok = bool;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let is_it = |attribute: &Attribute<'_>| attribute.name == key;
        let column = if self.attributes.get(self.next).is_some_and(is_it) {
            self.next
        } else {
            let place = self.attributes.iter().position(is_it);
            place.ok_or_else(|| Error::custom(format_args!("the table has no column {key}")))?
        };
        self.next = column + 1;
        let (kind, begin) = (self.attributes[column].kind, self.values.len());
        let is_there = match kind {
            Kind::Json => {
                serde_json::to_writer(&mut self.values, value)?;
                &self.values[begin..] != b"null"
            }
            kind => value.serialize(Value { kind, out: &mut self.values })?,
        };
        self.places[column] = is_there.then_some(begin..self.values.len());
        Ok(())
    }

    fn end(self) -> Result<bool, Error> {
        let length = |bytes: usize| i32::try_from(bytes).map_err(Error::custom);
        self.out.extend_from_slice(&length(self.attributes.len())?.to_be_bytes());
        for (attribute, place) in self.attributes.iter().zip(self.places) {
            self.out.extend_from_slice(&attribute.oid.to_be_bytes());
            let Some(place) = place else {
                self.out.extend_from_slice(&NULL.to_be_bytes());
                continue;
            };
            self.out.extend_from_slice(&length(place.len())?.to_be_bytes());
            self.out.extend_from_slice(&self.values[place]);
        }
        Ok(true)
    }
}

impl<'a> Serializer for Value<'a> {
    type Ok = bool;
    type Error = Error;
    type SerializeSeq = Impossible<bool, Error>;
    type SerializeTuple = Impossible<bool, Error>;
    type SerializeTupleStruct = Impossible<bool, Error>;
    type SerializeTupleVariant = Impossible<bool, Error>;
    type SerializeMap = Impossible<bool, Error>;
    type SerializeStruct = RowValue<'a>;
    type SerializeStructVariant = Impossible<bool, Error>;

    /// So that ids come as bytes and times as microseconds.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<RowValue<'a>, Error> {
        let Kind::Row(attributes) = self.kind else { return self.refuse() };
        let places = vec![None; attributes.len()];
        Ok(RowValue { attributes, values: Vec::with_capacity(512), places, next: 0, out: self.out })
    }

    fn serialize_bool(self, value: bool) -> Result<bool, Error> {
        if matches!(self.kind, Kind::Bool) { Ok(self.put(&[value.into()])) } else { self.refuse() }
    }

    fn serialize_i8(self, value: i8) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_i16(self, value: i16) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_i32(self, value: i32) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_i64(self, value: i64) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_u8(self, value: u8) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_u16(self, value: u16) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_u32(self, value: u32) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_u64(self, value: u64) -> Result<bool, Error> {
        self.integer(value)
    }

    fn serialize_f32(self, value: f32) -> Result<bool, Error> {
        self.serialize_f64(value.into())
    }

    /// Rows are read back as JSON, which has no other numbers than finite ones.
    fn serialize_f64(self, value: f64) -> Result<bool, Error> {
        match self.kind {
            Kind::Float8 if value.is_finite() => Ok(self.put(&value.to_be_bytes())),
            Kind::Float8 => Ok(false),
            _ => self.refuse(),
        }
    }

    fn serialize_char(self, value: char) -> Result<bool, Error> {
        self.collect_str(&value)
    }

    fn serialize_str(self, value: &str) -> Result<bool, Error> {
        if matches!(self.kind, Kind::Text) { Ok(self.put(value.as_bytes())) } else { self.refuse() }
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<bool, Error> {
        if !matches!(self.kind, Kind::Text) {
            return self.refuse();
        }
        write!(self.out, "{value}").map_err(Error::io)?;
        Ok(true)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<bool, Error> {
        if matches!(self.kind, Kind::Uuid) { Ok(self.put(value)) } else { self.refuse() }
    }

    fn serialize_none(self) -> Result<bool, Error> {
        Ok(false)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<bool, Error> {
        Ok(false)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<bool, Error> {
        Ok(false)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<bool, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, Error> {
        self.refuse()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        self.refuse()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        self.refuse()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        self.refuse()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.refuse()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        self.refuse()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.refuse()
    }
}
