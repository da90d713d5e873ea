"""The part of panoramisk 1.4 that ami_dialer uses; written from its source."""

from panoramisk.manager import Manager as Manager
from panoramisk.message import Message as Message
