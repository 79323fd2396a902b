"""Most imports here have another name than the distribution that provides them."""

from datetime import date

import cv2
import numpy as np
import yaml
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from PIL import Image
from sklearn.linear_model import LinearRegression

settings = yaml.safe_load("size: [64, 48]")
picture = np.asarray(Image.new("RGB", settings["size"], "orange"))
gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
title = BeautifulSoup("<h1>All here</h1>", "html.parser").h1
slope = LinearRegression().fit([[0], [1], [2]], [1, 3, 5]).coef_[0]

print(f"{title.text}: a gray level of {gray[0, 0]}, a slope of {slope:.1f},")
print(f"and a month after New Year's Eve is {date(2026, 12, 31) + relativedelta(months=1)}")
