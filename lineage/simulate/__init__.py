"""A simulated partner network: its registry, the logs of its systems, and what really happened.

It shares nothing with the rules that judge handoffs. It simulates what systems do (``journey``), what receivers say (``answers``)
and what logs keep of it (``logs``), while faults (``schedule``) come and go; the truth is written down beside it. A handoff is
missing if the receiver does not have the item, or refused it, when the logs are collected (``as_of``) and the agreed time is over.

**Decidable** (``traffic``) says whether somebody who reads the logs of all systems could tell which system is at fault. The
reasoning is about what is physically there to be seen; "close" means within six hours of one of the failed attempts, and a
failure proves nothing unless a log still holds its line.

* The receiver's own endpoint refused (503, connection refused): yes, by that answer alone. A connection that times out may
  fail anywhere between the two, so it is like silence, unless the endpoint refused anything else in the same outage,
  close, or the sender got through to others meanwhile, which shows that its own line is up.
* Silence: when another sender's message vanished in the same outage, close in time. Silence towards one sender alone may be
  the receiver, the line, or a lost acknowledgement of an item that did arrive. It is never decidable where nobody owes a reply and
  nothing goes on from there.
* Unauthorised: both sides of a lock look alike. The credentials of the sender are to blame when it was refused by another
  receiver as well, or when other senders got through to this receiver, in the window of the fault and close; a document that
  was rejected got past the lock. The receiver
  changed its authentication when another sender was refused in the same change, close; the last sender that is still not
  mended cannot be told from one whose credentials expired.
* Rejected: the contract of the receiver changed when another sender's documents of the kind were rejected in the same change,
  close. One document is malformed when the receiver took others of the kind, close.
* Never sent: the sender is at fault when a log shows that it had the item, and its own log of the agreed time is not lost. Where
  it stood still, that log must have noted something meanwhile: no line at all looks the same as a lost log. What a system
  loses from its queue while it is down counts the same.
* Two faults at different systems that each explain the failure of the same item, or a chance failure just before: no.

Other senders means other systems, not other items. Lost acknowledgements and lost logs keep no item from arriving.
"""

from lineage.simulate.run import Simulated, simulate

__all__ = ["Simulated", "simulate"]
