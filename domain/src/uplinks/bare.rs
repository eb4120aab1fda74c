//! The events of an `uplinks` stream with only the fields that `evolve` uses. Skipping the rest halves the parsing
//! time, which matters for streams that span years.

use serde::Deserialize;

use super::event::{DeviceJoined, NetworkReport, Standing, UplinkEvent, UplinkReceived};
use crate::chirpstack::{DeviceInfo, EventKey};
use crate::instant::Instant;
use crate::lorawan::DevAddr;
use crate::payload::Payload;

/// An event without the fields that `evolve` does not use.
#[derive(Deserialize)]
pub(super) enum Bare {
    UplinkReceived(BareUplink),
    DeviceJoined(BareJoin),
    DeviceStatusReported { report: BareReport },
    DownlinkAcknowledged { report: BareReport },
    DownlinkTransmitted { report: BareReport },
    NetworkLogged { report: BareReport },
    DeviceLocated { report: BareReport },
}

#[derive(Deserialize)]
pub(super) struct BareReport {
    key: EventKey,
    received_at: Instant,
    #[serde(default)]
    time: Option<Instant>,
}

#[derive(Deserialize)]
pub(super) struct BareUplink {
    report: BareReport,
    heard_at: Instant,
    session: u32,
    #[serde(default)]
    standing: Standing,
    dev_addr: Option<DevAddr>,
    f_cnt: Option<u32>,
    f_port: u8,
    #[serde(default)]
    data: Payload,
}

#[derive(Deserialize)]
pub(super) struct BareJoin {
    report: BareReport,
    heard_at: Instant,
    session: u32,
    #[serde(default)]
    standing: Standing,
    dev_addr: Option<DevAddr>,
}

impl From<BareReport> for NetworkReport {
    fn from(BareReport { key, received_at, time }: BareReport) -> Self {
        Self { key, received_at, time, device: DeviceInfo::default() }
    }
}

impl From<BareUplink> for UplinkReceived {
    fn from(bare: BareUplink) -> Self {
        Self {
            report: bare.report.into(),
            heard_at: bare.heard_at,
            session: bare.session,
            standing: bare.standing,
            dev_addr: bare.dev_addr,
            f_cnt: bare.f_cnt,
            f_port: bare.f_port,
            confirmed: false,
            dr: 0,
            frequency: None,
            data: bare.data,
            object: None,
            encrypted: false,
            rx_info: Vec::new(),
        }
    }
}

impl From<BareJoin> for DeviceJoined {
    fn from(BareJoin { report, heard_at, session, standing, dev_addr }: BareJoin) -> Self {
        Self { report: report.into(), heard_at, session, standing, dev_addr }
    }
}

impl From<Bare> for UplinkEvent {
    fn from(bare: Bare) -> Self {
        match bare {
            Bare::UplinkReceived(uplink) => Self::UplinkReceived(Box::new(uplink.into())),
            Bare::DeviceJoined(join) => Self::DeviceJoined(join.into()),
            Bare::DeviceStatusReported { report } => Self::DeviceStatusReported { report: report.into() },
            Bare::DownlinkAcknowledged { report } => Self::DownlinkAcknowledged { report: report.into() },
            Bare::DownlinkTransmitted { report } => Self::DownlinkTransmitted { report: report.into() },
            Bare::NetworkLogged { report } => Self::NetworkLogged { report: report.into() },
            Bare::DeviceLocated { report } => Self::DeviceLocated { report: report.into() },
        }
    }
}
