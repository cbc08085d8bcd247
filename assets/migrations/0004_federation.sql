-- What completes the federation. One section a part; each keeps to its own.

-- == objects ==

-- == interaction policies ==

-- == reactions and keys ==

-- == moving and leaving ==

-- == threads ==

-- == relays ==

-- == deliveries and domains ==
