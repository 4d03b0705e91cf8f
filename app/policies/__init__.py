"""Rules as data: dated rows per area, inherited down the tree, explainable for any past day.

What applies at an area on a day is, for each key: the row of the nearest area going up (the area itself first)
that is in effect on that day, the newest by effective day; else the product's default. Rows are never changed;
a new row with a later effective day (or a later id on the same day) takes over.
"""
