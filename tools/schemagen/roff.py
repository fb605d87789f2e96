"""Manual pages in the man macros."""

import re


class Roff:
    """Writes one page, from the top down. Text is without any macro: what roff would read in it is
    escaped."""

    def __init__(self, by, section):
        self.lines, self.by, self.number = [], by, section

    @staticmethod
    def escape(text):
        text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
        text = text.replace("^", "\\(ha").replace("…", "...")
        return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)

    def begin(self, name, what):
        self.lines += [f".\\\" {self.by}",
                       f".TH {name.upper()} {self.number} \"\" Vitrine \"Vitrine manual\"",
                       ".SH NAME", f"{self.escape(name)} \\- {self.escape(what)}"]

    def section(self, title):
        self.lines.append(f".SH {title.upper()}")

    def entry(self, name):
        self.lines.append(f".SS {self.escape(name)}")

    def _paragraph(self, *lines):
        """Begins a paragraph; after a title there is one already."""
        if not self.lines[-1].startswith((".SH", ".SS")):
            self.lines.append(".PP")
        self.lines += lines

    def prose(self, paragraphs):
        for paragraph in paragraphs:
            self._paragraph(self.escape(paragraph))

    def contents(self, entries):
        """Nothing: the entries follow at once."""

    def label(self, text):
        self._paragraph(f"{self.escape(text)}:")

    def pair(self, label, text):
        self._paragraph(f"{self.escape(label)}: {self.escape(text)}")

    def items(self, items):
        """Terms with a note, or None, and the lines that say what they are."""
        for term, note, doc in items:
            note = f" ({self.escape(note)})" if note else ""
            self.lines += [".TP", f"\\fB{self.escape(term)}\\fR{note}",
                           self.escape(" ".join(doc))]

    def code(self, lines):
        self._paragraph(".nf", *[self.escape(line) for line in lines], ".fi")

    def see_also(self, *pages):
        self.section("See also")
        self.lines.append(", ".join(f"\\fB{self.escape(name)}\\fR({number})"
                                    for name, number in pages))

    def text(self):
        return "\n".join(self.lines) + "\n"
