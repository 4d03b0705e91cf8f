"""Reading the journal: who did what, when, in one's own part of the tree. This room only reads.

Every fact has a Chinese sentence in `terms.SENTENCES`. Facts that belong to no area (an import of the whole tree,
somebody's registration) are shown to nobody here. Names are masked; the journal itself holds none.
"""
