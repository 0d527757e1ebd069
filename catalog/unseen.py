"""Characters that take no room or no ink and are no control or format character by category: text to a machine, nothing to a reader.

Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt, 16.0) less what Cc, Cf and unassigned already are.
"""

UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
"""As a part of a character class of a regular expression."""
