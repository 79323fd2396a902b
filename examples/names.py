"""Every import here has another name than the distribution that provides it."""

import cv2
import numpy as np
import yaml
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from datetime import date
from PIL import Image
from sklearn.linear_model import LinearRegression
