"""Write a spreadsheet: pandas needs openpyxl for it, which nothing here imports."""

import sys
from pathlib import Path

import pandas as pd

sales = pd.DataFrame({"month": ["January", "February", "March"], "sold": [120, 95, 143]})
target = Path(sys.argv[1] if len(sys.argv) > 1 else "report.xlsx")
sales.to_excel(target, index=False)
print(f"{len(sales)} rows written to {target}")
