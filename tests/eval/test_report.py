import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from energy.errors import DataError
from eval import records
from eval.records import Outcome, Record
from eval.report import write_report

from .conftest import MakeRecord
