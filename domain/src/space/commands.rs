//! What can be asked of a space.

use chrono::TimeDelta;

use super::definition::StateByHand;
use super::overrides::OverrideKind;
use super::patch::{DefinitionPatch, DetailsPatch};
use super::reservation::{Details, Window};
use crate::actor::Actor;
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A command to a `space` stream. Those of people and programs say who asks; the last three are the platform's own, never
/// refused, and come to nothing where there is nothing to do.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "what a variant is, its command says")]
pub enum SpaceCommand {
    CreateSpace(Box<CreateSpace>),
    UpdateSpace(Box<UpdateSpace>),
    DeleteSpace(DeleteSpace),
    SetStateByHand(SetStateByHand),
    SetOverride(Box<SetOverride>),
    ClearOverride(ClearOverride),
    BookReservation(Box<BookReservation>),
    RescheduleReservation(RescheduleReservation),
    AmendReservation(Box<AmendReservation>),
    CancelReservation(Box<CancelReservation>),
    CheckIn(CheckIn),
    CheckOut(CheckOut),
    ConfirmBySensor(ConfirmBySensor),
    PassTime(PassTime),
    /// The same, but only up to the first moment at which anything is due: what a sensor saw after that, and nobody has
    /// told the space yet, may change what happens next.
    PassMoment(PassTime),
}

/// Who asks, for which tenant, and when. To another tenant a space does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The tenant for which it is asked.
    pub tenant_id: TenantId,
    /// Who asks.
    pub by: Actor,
    /// When.
    pub at: Instant,
}

/// Make a space.
#[derive(Clone, Debug)]
pub struct CreateSpace {
    /// The site it is on: one of the tenant's, which the caller knows.
    pub site_id: SiteId,
    /// Its code, unique in its site.
    pub code: String,
    /// What is known of it. The name defaults to the code, the display name to the name; it is enabled unless told not to be.
    pub definition: DefinitionPatch,
    /// Who asks.
    pub asked: Asked,
}

/// Change what a space is.
#[derive(Clone, Debug)]
pub struct UpdateSpace {
    /// Another code.
    pub code: Option<String>,
    /// What changes besides.
    pub definition: DefinitionPatch,
    /// Who asks.
    pub asked: Asked,
}

/// End a space. Nothing may hold it, and its devices leave it in the same append.
#[derive(Clone, Debug)]
pub struct DeleteSpace {
    /// Which space this is: an aggregate does not know its own id, and the claims need it.
    pub space_id: SpaceId,
    /// Why.
    pub reason: Option<String>,
    /// Who asks.
    pub asked: Asked,
}

/// Say what a space's state is.
#[derive(Clone, Debug)]
pub struct SetStateByHand {
    /// The state.
    pub state: StateByHand,
    /// Why.
    pub reason: Option<String>,
    /// Who asks.
    pub asked: Asked,
}

/// Keep a space from being used for a time.
#[derive(Clone, Debug)]
pub struct SetOverride {
    /// A new id.
    pub override_id: OverrideId,
    /// Why it is not to be used.
    pub kind: OverrideKind,
    /// From when; a time that has passed means from now.
    pub from: Instant,
    /// Until when; none means until it is cleared.
    pub until: Option<Instant>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Free text.
    pub notes: Option<Sealed>,
    /// Who asks.
    pub asked: Asked,
}

/// Take an override away, before it starts or while it holds.
#[derive(Clone, Copy, Debug)]
pub struct ClearOverride {
    /// Which.
    pub override_id: OverrideId,
    /// Who asks.
    pub asked: Asked,
}

/// Reserve a window. The space need not be free now.
#[derive(Clone, Debug)]
pub struct BookReservation {
    /// A new id.
    pub reservation_id: ReservationId,
    /// From when until when.
    pub window: Window,
    /// The longest that it may be; [`MAX_DURATION`](super::MAX_DURATION) unless the tenant has its own.
    pub max_duration: TimeDelta,
    /// What is kept with it.
    pub details: Box<Details>,
    /// Who asks.
    pub asked: Asked,
}

/// Reserve another window instead. A reservation that started or is confirmed can only change its end.
#[derive(Clone, Copy, Debug)]
pub struct RescheduleReservation {
    /// Which.
    pub reservation_id: ReservationId,
    /// The new window.
    pub to: Window,
    /// The longest that it may be; [`MAX_DURATION`](super::MAX_DURATION) unless the tenant has its own.
    pub max_duration: TimeDelta,
    /// Who asks.
    pub asked: Asked,
}

/// Change what is kept with a reservation, also after it is over: a refund comes late.
#[derive(Clone, Debug)]
pub struct AmendReservation {
    /// Which.
    pub reservation_id: ReservationId,
    /// What changes.
    pub details: DetailsPatch,
    /// Who asks.
    pub asked: Asked,
}

/// Give a reservation up.
#[derive(Clone, Debug)]
pub struct CancelReservation {
    /// Which.
    pub reservation_id: ReservationId,
    /// Why.
    pub reason: Option<Sealed>,
    /// Who asks.
    pub asked: Asked,
}

/// Say that the vehicle is there: from [`CHECK_IN_GRACE`](super::CHECK_IN_GRACE) before the start until the end. An early
/// check-in confirms the reservation; its window begins no earlier by it.
#[derive(Clone, Copy, Debug)]
pub struct CheckIn {
    /// Which reservation.
    pub reservation_id: ReservationId,
    /// Who asks.
    pub asked: Asked,
}

/// Say that the vehicle left: the reservation is completed, and the rest of its window is free.
#[derive(Clone, Copy, Debug)]
pub struct CheckOut {
    /// Which reservation.
    pub reservation_id: ReservationId,
    /// Who asks.
    pub asked: Asked,
}

/// The space's sensor saw a vehicle. Whether that counts as somebody's coming is the policy's affair, and asked before.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmBySensor {
    /// The reservation that was running; none means whichever runs.
    pub reservation_id: Option<ReservationId>,
    /// The reading's effective time. It may be some time ago.
    pub at: Instant,
    /// The sensor.
    pub by: Actor,
}

/// Let everything happen that is due.
#[derive(Clone, Copy, Debug)]
pub struct PassTime {
    /// Up to and including this moment.
    pub at: Instant,
    /// How long before its start a reservation shows; zero means not at all.
    pub reserved_soon: TimeDelta,
}
