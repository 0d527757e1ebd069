"""Sentence frames around composed noun phrases, in the registers people use: question, order, fragment, terse, chatty."""

LIST = (
    "which {rows}",
    "which {rows} do we have",
    "what {rows} are there",
    "what {rows} do we have",
    "list {rows}",
    "list all {rows}",
    "list the {rows}",
    "show {rows}",
    "show me {rows}",
    "show me all {rows}",
    "show me the {rows}",
    "give me {rows}",
    "give me every {rows}",
    "find {rows}",
    "get {rows}",
    "{rows}",
    "{rows}",
    "all {rows}",
    "any {rows}",
    "any {rows} around",
    "are there any {rows}",
    "is there any {rows}",
    "are there {rows}",
    "do we have any {rows}",
    "do we have {rows}",
    "do any {rows} exist",
    "i need {rows}",
    "i need a list of {rows}",
    "i need to see {rows}",
    "i want the {rows}",
    "i search {rows}",
    "i am looking for {rows}",
    "looking for {rows}",
    "we need the {rows}",
    "can you find {rows}",
    "can you pull {rows}",
    "could you list the {rows}",
    "could i see the {rows}",
    "tell me the {rows}",
    "tell me which {rows}",
    "tell me which are the {rows}",
    "what are the {rows}",
    "what are our {rows}",
    "which are the {rows}",
    "where are the {rows}",
    "name the {rows}",
    "names of {rows}",
    "name all {rows}",
    "enumerate {rows}",
    "identify {rows}",
    "provide the list of {rows}",
    "an overview of {rows}",
    "pull up {rows}",
    "who are the {rows}",
    "{rows}, exist",
    "{rows} - which ones",
    "{rows}: list",
    "{rows}, names only",
    "please enumerate the {rows}",
    "i would like to know the {rows}",
    "let me see {rows}",
    "i'd like to see {rows}",
    "dump {rows}",
    "check for {rows}",
    "everything we have in {rows}",
    "need {rows}",
    "want {rows}",
)

COUNT = (
    "how many {rows}",
    "how many {rows} are there",
    "how many {rows} do we have",
    "how many {rows} exist",
    "count {rows}",
    "count the {rows}",
    "count of {rows}",
    "cnt {rows}",
    "# of {rows}",
    "number of {rows}",
    "what is the number of {rows}",
    "total number of {rows}",
    "give me the number of {rows}",
    "give me a count of {rows}",
    "tell me how many {rows}",
    "how many of the {rows}",
    "in how many cases do we have {rows}",
    "{rows}, how many",
    "{rows} - how many in total",
    "{rows}: count",
    "how large is the set of {rows}",
    "i need the count of {rows}",
    "what's the total of {rows}",
    "how much {rows} we have",
)

COUNT_BY = (
    "how many {rows} {by}",
    "how many {rows} do we have {by}",
    "how many {rows} are there {by}",
    "count {rows} {by}",
    "count of {rows} {by}",
    "number of {rows} {by}",
    "{rows} {by}, count",
    "{rows} {by}, how many each",
    "{rows} {by}",
    "{rows} count {by}",
    "{by}, how many {rows}",
    "{by}: number of {rows}",
    "cnt {rows} {by}",
    "# of {rows} {by}",
    "break down {rows} {by}",
    "breakdown of {rows} {by}",
    "split of {rows} {by}",
    "distribution of {rows} {by}",
    "how do our {rows} break down {by}",
    "how are {rows} distributed {by}",
    "show the number of {rows} {by}",
    "give me the {rows} {by} as numbers",
    "summarise {rows} {by}",
    "i'd love to see how many {rows} {by}",
    "tally {rows} {by}",
)

BIGGEST_FIRST = (
    ", biggest first",
    ", most first",
    ", highest first",
    ", biggest group first",
    ", descending",
    " desc",
    ", highest count first",
    ", worst on top",
    ", most on top",
    ", sorted by count",
    ", in descending order",
    ", starting with the most",
    ", largest first",
)

RANKED = (
    (", highest first", "DESC"),
    (", biggest first", "DESC"),
    (", descending", "DESC"),
    (" desc", "DESC"),
    (", most first", "DESC"),
    (", largest on top", "DESC"),
    (", top to bottom", "DESC"),
    (", lowest first", "ASC"),
    (", smallest first", "ASC"),
    (", ascending", "ASC"),
    (" asc", "ASC"),
    (", lowest on top", "ASC"),
)

MEASURE = (
    "what is the {noun} of {rows}",
    "what is the {noun} for {rows}",
    "what's the {noun} of {rows}",
    "what's our {noun} for {rows}",
    "{noun} of {rows}",
    "{noun} for {rows}",
    "{noun}, {rows}",
    "{rows}: {noun}",
    "give me the {noun} of {rows}",
    "tell me the {noun} of {rows}",
    "show the {noun} for {rows}",
    "compute the {noun} of {rows}",
    "calculate {noun} across {rows}",
    "{noun} across all {rows}",
    "{noun} over {rows}",
    "for {rows}, what is the {noun}",
    "taking only {rows}, what is the {noun}",
    "i need the {noun} of {rows}",
)

MEASURE_SHORT = (
    "what is the {noun}",
    "what's our {noun}",
    "{noun}",
    "{noun} overall",
    "overall {noun}",
    "give me the {noun}",
    "tell me the {noun} overall",
    "show the {noun}",
)

MEASURE_BY = (
    "what is the {noun} of {rows} {by}",
    "{noun} of {rows} {by}",
    "{noun} for {rows} {by}",
    "{by}, what is the {noun} of {rows}",
    "{by}, {noun} of {rows}",
    "show {noun} of {rows} {by}",
    "show me the {noun} for {rows} {by}",
    "give me the {noun} of {rows} {by}",
    "compare the {noun} of {rows} {by}",
    "break down the {noun} of {rows} {by}",
    "i need {noun} of {rows} {by}",
    "for {rows}: {noun} {by}",
)

MEASURE_BY_SHORT = (
    "{noun} {by}",
    "{noun} {by}",
    "{by}, {noun}",
    "{by}: {noun}",
    "what is the {noun} {by}",
    "what's the {noun} {by}",
    "show {noun} {by}",
    "give me {noun} {by}",
    "list {noun} {by}",
    "how does the {noun} look {by}",
    "compare {noun} {by}",
    "breakdown of {noun} {by}",
)

SUPERLATIVE = (
    "which is the {rows}",
    "what is the {rows}",
    "what's the {rows}",
    "which {rows} do we have",
    "which one is the {rows}",
    "show the {rows}",
    "show me the {rows}",
    "give me the {rows}",
    "find the {rows}",
    "name the {rows}",
    "tell me the {rows}",
    "the {rows}",
    "{rows}",
    "i need the {rows}",
    "what would be the {rows}",
    "can you tell me which is the {rows}",
    "our {rows}",
    "the single {rows}",
)

TOP_N = (
    "the {rows}",
    "top {rows}",
    "what are the {rows}",
    "which are the {rows}",
    "show the {rows}",
    "show me the {rows}",
    "give me the {rows}",
    "list the {rows}",
    "name the {rows}",
    "find the {rows}",
    "{rows}",
    "i want the {rows}",
    "get me the {rows}",
    "our {rows}",
)

TOP = (
    "what are the {rows}",
    "which are the {rows}",
    "show me the {rows}",
    "list the {rows}",
    "the {rows}",
    "top {rows}",
    "find me the {rows}",
    "give me our {rows}",
    "top ranking of {rows}",
    "which are our {rows}",
)

ATTRIBUTES = (
    "show the {nouns} of {rows}",
    "show {rows} with their {nouns}",
    "list {rows} with {nouns}",
    "list {rows} and their {nouns}",
    "list {rows} together with the {nouns}",
    "{rows} with {nouns}",
    "{rows}, {nouns}",
    "{rows} plus {nouns}",
    "{rows} incl. {nouns}",
    "{rows} - show {nouns}",
    "{nouns} of {rows}",
    "{nouns} of all {rows}",
    "{nouns} for {rows}",
    "what is the {nouns} of {rows}",
    "what are the {nouns} of {rows}",
    "give me {nouns} for {rows}",
    "give me {rows} and also {nouns}",
    "which {rows} are there, with {nouns}",
    "which {rows} do we have, and what is their {nouns}",
    "for {rows}, give the {nouns}",
    "for each of the {rows}: {nouns}",
    "i need {rows}, including {nouns}",
    "get {rows} with name and {nouns}",
)

MORE_THAN = (
    ("more than {number}", "GT"),
    ("over {number}", "GT"),
    ("at least {number}", "GE"),
    ("{number} or more", "GE"),
    ("no fewer than {number}", "GE"),
    ("fewer than {number}", "LT"),
    ("less than {number}", "LT"),
    ("under {number}", "LT"),
    ("exactly {number}", "EQ"),
    ("> {number}", "GT"),
    (">= {number}", "GE"),
    ("at most {number}", "LE"),
)

HAVING = (
    "which {group} has {than} {rows}",
    "which {group} have {than} {rows}",
    "what {group} has {than} {rows}",
    "{group} with {than} {rows}",
    "every {group} with {than} {rows}",
    "list each {group} having {than} {rows}",
    "show every {group} that has {than} {rows}",
    "find each {group} that comes with {than} {rows}",
    "{group} where we count {than} {rows}",
)

MOST = (
    "which {group} has the most {rows}",
    "which {group} has most {rows}",
    "what {group} has the highest number of {rows}",
    "{group} with the most {rows}",
    "{group} with most {rows}",
    "who or which {group} has the largest number of {rows}",
    "which {group} comes with the most {rows}",
    "the {group} having the greatest number of {rows}",
    "in which {group} do we see the most {rows}",
    "which {group} leads in {rows}",
)

FEWEST = (
    "which {group} has the fewest {rows}",
    "which {group} has the least {rows}",
    "{group} with the fewest {rows}",
    "{group} with the smallest number of {rows}",
    "what {group} has the lowest count of {rows}",
)

HIGHEST = (
    "which {group} has the highest {noun}",
    "which {group} has the largest {noun}",
    "{group} with the highest {noun}",
    "{group} with the biggest {noun}",
    "what {group} shows the greatest {noun}",
    "which {group} comes out on top for {noun}",
)

LOWEST = (
    "which {group} has the lowest {noun}",
    "{group} with the lowest {noun}",
    "which {group} has the smallest {noun}",
    "what {group} shows the least {noun}",
    "which {group} is last on {noun}",
)

DISTINCT = (
    "which {group} have {rows}",
    "what {group} have {rows}",
    "which {group} has {rows}",
    "{group} with {rows}",
    "{group} of {rows}",
    "list each {group} with {rows}",
    "show every {group} that has {rows}",
    "which different {group} occur among {rows}",
)

DISTINCT_SHORT = (
    "which {group} do we have",
    "what {group} exist",
    "list every {group}",
    "show each {group} once",
    "what kinds of {group} are there",
    "which different {group} are there",
    "distinct {group}",
)

FACTS = (
    "{nouns} of {name}",
    "{nouns} for {name}",
    "{name}: {nouns}",
    "{name} {nouns}",
    "{name} - {nouns}",
    "what is the {nouns} of {name}",
    "what's the {nouns} of {name}",
    "what are the {nouns} of {name}",
    "what {nouns} does {name} have",
    "what {nouns} has {name}",
    "which {nouns} does {name} have",
    "show the {nouns} of {name}",
    "show me the {nouns} for {name}",
    "give me the {nouns} of {name}",
    "tell me {name}'s {nouns}",
    "{name}'s {nouns}",
    "tell me the {nouns} of {name}",
    "for {name} i need the {nouns}",
    "for {name}, what is the {nouns}",
    "look up the {nouns} of {name}",
    "do you know the {nouns} of {name}",
    "i need to know the {nouns} of {name}",
    "need {nouns} for {name}",
    "about {name}: {nouns}",
    "concerning {name}, the {nouns} is what",
    "the {nouns} of {name} is what",
)

TWO_COUNTS = (
    "how many {rows}, and how many {some}",
    "how many {rows}, and how many of those {some}",
    "how many {rows} are there and how many of them {some}",
    "how many {rows} and how many of these {some}",
    "number of {rows}, and of those {some}",
    "count {rows} in total and the ones {some}",
    "two numbers: {rows}, and those {some}",
    "{rows}: total, and how many {some}",
    "how many {rows}, of which how many {some}",
)

TOLD = (
    "we are looking at {name}.",
    "i am working with {name}.",
    "we plan to use {name}.",
    "we are cleaning up {name}.",
    "we're about to touch {name}.",
    "people keep asking me about {name}.",
    "it's about {name}.",
    "this concerns {name}.",
    "we want to get rid of {name}.",
    "someone mentioned {name} in a meeting.",
    "i have to write a report about {name}.",
    "regarding {name}:",
    "about {name}.",
    "{name} came up in the audit.",
    "{name} worries me.",
    "we just moved {name} to new storage.",
    "there was trouble with {name}.",
    "i inherited {name} from a colleague.",
)

PRONOUNS = {
    "dataset": ("it", "it", "this one", "that dataset", "this dataset"),
    "node": ("it", "it", "that node", "this node", "that one"),
    "model": ("it", "it", "that model", "this model"),
    "run": ("it", "it", "that run", "this run"),
    "org": ("they", "them", "that organisation"),
    "person": ("they", "them", "this person", "that person"),
}

WITH_HUB = (
    "{rows} with the {noun} of {hub}",
    "{rows} and the {noun} of {hub}",
    "{rows}, plus {noun} of {hub}",
    "list {rows} with {noun} of {hub}",
    "show {rows} together with the {noun} of {hub}",
    "which {rows} are there, and what is the {noun} of {hub}",
    "{rows}: {noun} of {hub} too",
)

HUBS = {
    "datasets": ("the dataset", "their dataset", "each dataset", "the table", "the data"),
    "nodes": ("the node", "their node", "the host", "each node"),
}

FIRST_PER_GROUP = (
    "{rows} {by}",
    "the {rows} {by}",
    "{by}, the {rows}",
    "{by}: {rows}",
    "show the {rows} {by}",
    "list the {rows} {by}",
    "give me the {rows} {by}",
    "what is the {rows} {by}",
    "which are the {rows} {by}",
    "which is the {rows} {by}",
    "i need the {rows} {by}",
)

FIRST_OF_EACH = (
    "the {rows} of each {group}",
    "the {rows} of every {group}",
    "{rows} in each {group}",
    "for each {group}, the {rows}",
    "for every {group} the {rows}",
    "what is the {rows} for each {group}",
    "each {group} with its {rows}",
    "every {group} and its {rows}",
    "{group} by {group}, the {rows}",
    "one per {group}: the {rows}",
)

DAYS_SINCE = (
    "days since the {noun} of {of}",
    "days since {noun}, {of}",
    "how many days since the {noun} of {of}",
    "how many days ago was the {noun} of {of}",
    "how long ago, in days, was the {noun} of {of}",
    "how long ago was the {noun} of {of}",
    "number of days since {noun} for {of}",
    "{of}: days since {noun}",
    "{of}, {noun} how many days ago",
    "age in days of the {noun} for {of}",
    "how many days have passed since the {noun} of {of}",
    "how many days back is the {noun} of {of}",
)

HOURS_SINCE = (
    "hours since the {noun} of {of}",
    "how many hours since the {noun} of {of}",
    "how many hours ago was the {noun} of {of}",
    "how long ago in hours was the {noun} of {of}",
    "{of}: hours since {noun}",
    "number of hours since {noun} for {of}",
    "how many hours have passed since the {noun} of {of}",
    "age in hours of the {noun} for {of}",
    "h since {noun}, {of}",
)

DAYS_UNTIL = (
    "days until the {noun} of {of}",
    "how many days until the {noun} of {of}",
    "how many days are left until the {noun} of {of}",
    "days left to the {noun}, {of}",
    "{of}: days left until {noun}",
    "{of} and how many days remain until the {noun}",
    "how long in days until the {noun} of {of}",
    "days remaining to {noun} for {of}",
    "days to go before the {noun} of {of}",
)

SHARE_OF_SUM = (
    "what share of the {noun} comes from {rows}",
    "share of the {noun} in {rows}",
    "what fraction of the {noun} is in {rows}",
    "fraction of the {noun} that is due to {rows}",
    "which part of the {noun} belongs to {rows}",
    "percentage of {noun} from {rows}",
    "how much of the {noun} as a share is {rows}",
    "{rows} as a share of the {noun}",
    "{rows}: what percentage of the {noun}",
    "proportion of {noun} in {rows}",
    "ratio of the {noun} of {rows} to the {noun} of all",
)

MORE_OF_ONE = (
    "which {group} has more {rows} {one} than {other}",
    "{group} with more {rows} {one} than {other}",
    "every {group} that has more {rows} {one} than {other}",
    "{group} where {rows} {one} outnumber those {other}",
    "for which {group} do {rows} {one} outnumber those {other}",
    "which {group} has a higher number of {rows} {one} than of ones {other}",
    "{group} whose {rows} {one} exceed in number the ones {other}",
    "any {group} with {rows} {one} in greater number than {other}",
)

FEWER_OF_ONE = (
    "which {group} has fewer {rows} {one} than {other}",
    "{group} with fewer {rows} {one} than {other}",
    "{group} where {rows} {one} are outnumbered by those {other}",
    "every {group} that has less {rows} {one} than {other}",
)

SUM_ABOVE = (
    "{group} whose {noun} of {rows} {one} is above that of the ones {other}",
    "which {group} has a higher {noun} for {rows} {one} than for those {other}",
    "every {group} where the {noun} of {rows} {one} exceeds the {noun} of those {other}",
    "{group} with a larger {noun} in {rows} {one} than in those {other}",
)

SUM_BELOW = (
    "{group} whose {noun} of {rows} {one} is below that of the ones {other}",
    "which {group} has a lower {noun} for {rows} {one} than for those {other}",
)

NARROWED = (
    "{ask}, only those {that}", "{ask}, but only the ones {that}", "{ask} ({that} only)", "{ask} - {that}", "{ask}, {that}", "among those {that}: {ask}", "{ask} and {that}", "only {that}: {ask}", "{ask}; limit it to ones {that}",
    "of the ones {that}, {ask}", "{ask}. only the ones {that} please", "looking just at those {that}, {ask}", "{ask} | {that}", "{ask}, as long as they are ones {that}",
)  # fmt: skip

MEDIANS = (
    "median {noun}", "median {noun}", "median {noun}", "median {noun}", "median of the {noun}", "median value of the {noun}", "middle {noun}", "{noun} median", "{noun} at the median",
    "p50 of the {noun}", "med. {noun}",
)  # fmt: skip

SHARES_ANY = (
    "what share of {rows} does each {group} hold",
    "what share of the {rows} does each {group} account for",
    "which share of all {rows} falls to each {group}",
    "what percentage of all {rows} does every {group} make up",
    "each {group}'s share of {rows}",
    "each {group}'s share of all {rows}",
    "every {group}'s part of the {rows}, as a percentage",
    "for each {group}, its share of all {rows}",
    "for every {group}: what part of all {rows} it has",
    "what fraction of {rows} belongs to each {group}",
    "how are {rows} split {by}, in percent",
    "how are our {rows} distributed {by}, as percentages",
    "how do {rows} split up {by} as shares of the total",
    "{rows} {by} as a share of the total",
    "{rows} {by}, as percentages of all of them",
    "{rows} {by} in per cent of the whole",
    "relative distribution of {rows} {by}",
    "percentage split of {rows} {by}",
    "percentage breakdown of {rows} {by}",
    "break down {rows} {by} in percent",
    "give me the distribution of {rows} {by}, in percent",
    "show how {rows} divide {by}, percentages not counts",
    "make it shares: {rows} {by}",
    "% of all {rows} {by}",
    "{rows} {by}, relative share",
)

SHARES_PLAIN = (
    "share of {rows} {by}",
    "percentage of {rows} {by}",
    "what percentage of {rows} is there {by}",
    "what share of our {rows} is there {by}",
    "proportion of {rows} {by}",
    "{by}, share of {rows}",
    "% of {rows} {by}",
)

LARGEST_SHARE = (
    "which {group} has the largest share of {rows}",
    "which {group} holds the biggest share of all {rows}, and how much is it",
    "{group} with the highest share of {rows}",
    "what {group} makes up the greatest part of {rows}, in percent",
    "who or which {group} accounts for the largest portion of {rows}",
)

SHARE_ABOVE = (
    ("which {group} holds more than {number} of all {rows}", "GT"),
    ("{group} with over {number} of our {rows}", "GT"),
    ("every {group} that makes up at least {number} of {rows}", "GE"),
    ("which {group} accounts for {number} or more of the {rows}", "GE"),
    ("which {group} has less than {number} of all {rows}", "LT"),
    ("{group} whose share of {rows} is above {number}", "GT"),
    ("any {group} with a share of {rows} under {number}", "LT"),
)

SHARES_OF_TOTAL = (
    "each {group}'s share of the {noun}",
    "every {group}'s share of the {noun}",
    "what share of the {noun} does each {group} hold",
    "what part of the {noun} does every {group} account for",
    "which percentage of the {noun} falls to each {group}",
    "how much of the {noun}, in percent, does each {group} have",
    "for each {group}, its share of the {noun}",
    "for every {group}: percentage of the {noun}",
    "{noun} {by} as a share of the whole",
    "{noun} {by}, as a percentage of the total",
    "{noun} {by} in percent, not absolute",
    "share of the {noun} {by}",
    "percentage of the {noun} {by}",
    "how is the {noun} split {by}, in percent",
    "how does the {noun} divide {by}, as shares",
    "split the {noun} {by} in per cent",
    "fraction of the {noun} {by}",
    "what does each {group} contribute to the {noun}, in percent",
)

LARGEST_SHARE_OF = (
    "which {group} has the largest share of the {noun}, and what is it",
    "{group} with the biggest share of the {noun}",
    "which {group} contributes the most to the {noun}, as a share",
    "what {group} holds the highest percentage of the {noun}",
)

BIGGEST_SHARE_FIRST = (
    ", biggest share first", ", largest share on top", ", highest first", ", descending", ", biggest first", " desc", ", ordered by share", ", top share first",
)  # fmt: skip

ORDINALS = (
    ("second", "1"), ("second", "1"), ("second", "1"), ("2nd", "1"), ("2nd", "1"), ("third", "2"), ("third", "2"), ("3rd", "2"), ("fourth", "3"), ("4th", "3"),
    ("fifth", "4"), ("5th", "4"), ("sixth", "5"), ("6th", "5"), ("eleventh", "10"), ("11th", "10"), ("21st", "20"),
)  # fmt: skip

RANGES = (
    ("second and third", "2", "1"), ("2nd and 3rd", "2", "1"), ("second to third", "2", "1"), ("second to fourth", "3", "1"), ("2nd to 4th", "3", "1"), ("2nd to 5th", "4", "1"),
    ("second to sixth", "5", "1"), ("third and fourth", "2", "2"), ("3rd to 5th", "3", "2"), ("third to fifth", "3", "2"), ("fourth and fifth", "2", "3"), ("4th to 5th", "2", "3"),
    ("sixth to tenth", "5", "5"), ("6th to 10th", "5", "5"), ("6th through 10th", "5", "5"), ("11th to 20th", "10", "10"), ("eleventh to twentieth", "10", "10"), ("11th through 15th", "5", "10"),
)  # fmt: skip

NEXT_ONE = (
    "which {one} comes right after the {super} one",
    "the {one} in second place when it comes to the {super}",
    "not the {super} {one} but the one after it",
    "runner-up to the {super} {one}",
    "the {super} {one} but one",
    "which {one} would be the {super} if the top one were gone",
    "the next {super} {one} after number one on the list",
)

NEXT_SOME = (
    "the next {number} {super} {rows} after the first {number_b}",
    "skip the {number_b} {super} {rows} and show the next {number}",
    "leave out the first {number_b}, then the {number} {super} {rows}",
    "{number} {super} {rows}, not counting the first {number_b}",
    "{super} {rows}: {number} of them from after the top {number_b}",
    "after the top {number_b}, the next {number} {super} {rows}",
    "{super} {rows}, limit {number} offset {number_b}",
)

NTH_GROUP = (
    "which {group} has the {nth} most {rows}",
    "{group} with the {nth} most {rows}",
    "which {group} comes {nth} by number of {rows}",
    "what {group} is in {nth} place for {rows}",
    "the {group} having the {nth} highest number of {rows}",
    "{nth} in the ranking of {group} by count of {rows}",
)

NTH_VALUE = (
    "which {group} has the {nth} highest {noun}",
    "{group} with the {nth} largest {noun}",
    "what {group} comes {nth} on {noun}",
    "the {group} in {nth} place for {noun}",
)

SPAN_MEAN = (
    "average {noun} of {rows}{unit}",
    "mean {noun} of {rows}{unit}",
    "avg {noun}, {rows}{unit}",
    "what is the average {noun} of {rows}{unit}",
    "what's the typical {noun} of {rows}{unit}, on average",
    "{noun} of {rows} on average{unit}",
    "{rows}: average {noun}{unit}",
    "how long is the {noun} of {rows} on average{unit}",
    "give me the mean {noun} for {rows}{unit}",
    "average the {noun} over {rows}{unit}",
    "{how} on average{unit}",
    "on average, {how}{unit}",
    "{how}{unit}, on average",
)

SPAN_LONGEST = (
    "longest {noun} of {rows}{unit}",
    "maximum {noun} of {rows}{unit}",
    "max {noun} for {rows}{unit}",
    "what is the longest {noun} among {rows}{unit}",
    "what was the longest {noun} of any of the {rows}{unit}",
    "how long is the longest {noun} of {rows}{unit}",
    "{rows}: longest {noun}{unit}",
    "the greatest {noun} we had for {rows}{unit}",
    "{how} at most{unit}",
    "at the longest, {how}{unit}",
)

SPAN_EACH = (
    "{noun} of each of the {rows}{unit}",
    "{rows} with their {noun}{unit}",
    "list {rows} and the {noun} of each{unit}",
    "show {rows} with {noun}{unit}",
    "for each of the {rows}, the {noun}{unit}",
    "{how}, one by one{unit}",
    "{how}, each of them{unit}",
    "{rows}, {noun}{unit}",
    "what is the {noun} of {rows}, listed{unit}",
)

SPAN_MOST = (
    "{rows} with the {most} {noun}",
    "the {rows} with the {most} {noun}",
    "which {rows} had the {most} {noun}",
    "find the {rows} with the {most} {noun}",
    "show the {rows} that have the {most} {noun}",
    "{most} {noun}: which {rows}",
)

SPAN_MOST_ONE = (
    "{rows} with the {most} {noun}",
    "the {rows} with the {most} {noun}",
    "which {rows} had the {most} {noun}",
    "which {rows} has the {most} {noun}",
    "the one {rows} with the {most} {noun}",
    "what is the {rows} with the {most} {noun}",
    "name the {rows} that had the {most} {noun}",
)

SPAN_ABOVE = (
    ("which {group} has an average {noun} of {rows} above {number}{unit}", "GT"),
    ("{group} where the average {noun} of {rows} is over {number}{unit}", "GT"),
    ("every {group} whose {rows} have a mean {noun} of at least {number}{unit}", "GE"),
    ("which {group} keeps the average {noun} of {rows} under {number}{unit}", "LT"),
    ("{group} with a mean {noun} of less than {number}{unit} for {rows}", "LT"),
)

MEAN_AGES = (
    "how old are {rows} on average",
    "how old are our {rows} on average",
    "how old are {rows}, on average, in days",
    "average age of {rows}",
    "mean age of {rows}",
    "avg age of {rows} in days",
    "what is the average age of {rows}",
    "what is the mean age in days of {rows}",
    "{rows}: average age",
    "{rows}, how old on average",
    "on average, how many days old are {rows}",
    "average age in days, {rows}",
    "give me the average age of {rows}",
    "mean age (days) of {rows}",
)

MEAN_DAYS_SINCE = (
    "average number of days since the {noun} of {rows}",
    "mean days since {noun}, {rows}",
    "how many days ago on average was the {noun} of {rows}",
    "on average, how long ago was the {noun} of {rows}",
    "how long ago is the {noun} of {rows} on average",
    "average days since {noun} of {rows}",
    "{rows}: average days since {noun}",
    "average age of the {noun} for {rows}",
    "average time since the {noun} of {rows}, in days",
    "days since the {noun}, averaged over {rows}",
)

OLDEST_GROUP = (
    "which {group} has the oldest {rows} on average",
    "{group} with the highest average age of {rows}",
    "which {group} has on average the oldest {rows}",
    "the {group} whose {rows} are the oldest on average",
)

YOUNGEST_GROUP = (
    "which {group} has the newest {rows} on average",
    "{group} with the lowest average age of {rows}",
    "the {group} whose {rows} are the youngest on average",
    "which {group} has on average the most recent {rows}",
)

EITHER_JOINS = (", or ", ", or ", ", or ", ", or else ", ", or on the other hand ", "; or ", " or, alternatively, ", ", and also ", ", plus ", " as well as ", ", together with ")

EITHER_THAT = ("{entity} either {arms}", "{entity} either {arms}", "{entity} that are either {arms}", "{entity} {arms}", "{entity}: either {arms}", "{entity} for which one holds: {arms}")

EITHER_REST = ("ones", "the ones", "those", "any", "anything", "all of those")
