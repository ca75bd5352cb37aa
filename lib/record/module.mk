# formats, detectors, pseudonyms and their keys, transforms
