"""Decoding packets by the mission database: bytes in, one Arrow table for each packet type out."""

from streams.decode.columns import RESERVED, Column, PacketType
from streams.decode.decoder import Decoded, Decoder, compile_decoder
from streams.decode.faults import Fault
from streams.decode.locate import FieldPlace
from streams.decode.table import PacketTable

__all__ = [
    "RESERVED",
    "Column",
    "Decoded",
    "Decoder",
    "Fault",
    "FieldPlace",
    "PacketTable",
    "PacketType",
    "compile_decoder",
]
