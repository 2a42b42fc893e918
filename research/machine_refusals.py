"""What is said where the machine refuses to read or write: a full disk, a folder in place of a file, a right that is missing."""

import errno

FULL = ("ENOSPC", "EDQUOT", "EFBIG")
FORBIDDEN = ("EACCES", "EPERM", "EROFS")
OTHERS = ("ENOTDIR", "EISDIR", "EIO", "ENAMETOOLONG", "ELOOP", "EMFILE", "ENFILE", "ESTALE", "ENXIO", "ENOTCONN", "EREMOTEIO")
NAMED = {name: getattr(errno, name) for name in (*FULL, *FORBIDDEN, *OTHERS) if hasattr(errno, name)}
PLACES = "--runs, --out, --data-dir and STEPLADDER_CACHE name other places"
ADVICE = {
    **{NAMED[name]: f"Make room, or write elsewhere: {PLACES}." for name in FULL if name in NAMED},
    **{NAMED[name]: f"Ask for the right, or use another place: {PLACES}." for name in FORBIDDEN if name in NAMED},
}


def is_refusal(error: BaseException) -> bool:
    """Whether the machine said no, as opposed to a bug: a file that is looked for and is not there is none."""
    return isinstance(error, OSError) and error.errno in NAMED.values()


def refusal_text(error: OSError) -> str:
    """One paragraph: what was refused, where, and what to do."""
    places = " to ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    advice = ADVICE.get(error.errno or 0, f"Another place may do: {PLACES}.")
    return f"{places or 'A file'} cannot be read or written: {error.strerror or error}. What is finished is whole. {advice}"
