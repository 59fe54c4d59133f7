"""k-anonymity and l-diversity: the settings, the tree of cuts, the groups that it makes."""

from mesocosm.data.privacy.anonymity.groups import AnonymityFacts as AnonymityFacts
from mesocosm.data.privacy.anonymity.groups import coarse_sql as coarse_sql
from mesocosm.data.privacy.anonymity.groups import fit_groups as fit_groups
from mesocosm.data.privacy.anonymity.setting import Anonymity as Anonymity
