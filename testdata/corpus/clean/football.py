qbr_by_team_and_week_2019_2020 = load("qbr_rating_2019_season_weekly_avg")
qbr_total = qbr_team_average_over_time
